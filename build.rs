//! Links the addon as napi-rs wants it.

fn main() {
    napi_build::setup();
}
