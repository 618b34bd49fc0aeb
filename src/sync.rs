//! The atomics and the lock of the growth protocol: those of std, or those of loom with the feature
//! `model-checking`. Loom runs a test in every order of its threads' steps.

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
