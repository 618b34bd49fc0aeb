//! What the growth protocol is made of: std's atomics and locks; or, with the feature
//! `model-checking`, loom's, which run a test in every order of its threads' steps.

#[cfg(not(all(test, feature = "model-checking")))]
pub use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

#[cfg(all(test, feature = "model-checking"))]
pub use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
#[cfg(all(test, feature = "model-checking"))]
pub use std::sync::PoisonError;
