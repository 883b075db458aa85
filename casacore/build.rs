//! Compiles the C++ shim against the vendored casacore, or against the system's with `system-casacore`.

use std::{env, path::Path};

const SOURCES: &[&str] = &[
    "shim/codec.cc",
    "shim/table.cc",
    "shim/changes.cc",
    "shim/flush.cc",
    "shim/mend.cc",
    "shim/describe.cc",
    "shim/column.cc",
    "shim/bulk.cc",
    "shim/create.cc",
    "shim/record_cell.cc",
];
const HEADERS: &[&str] = &["shim/shim.h", "shim/expose.h", "shim/internal.h", "shim/codec.h"];

fn main() {
    for file in SOURCES.iter().chain(HEADERS) {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rerun-if-env-changed=CASACORE_ROOT");
    let system = env::var_os("CARGO_FEATURE_SYSTEM_CASACORE").is_some();
    let vendored = env::var_os("CARGO_FEATURE_VENDORED_CASACORE").is_some();
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .files(SOURCES)
        .warnings(false)
        .flag_if_supported("-Wno-deprecated-declarations")
        .flag_if_supported("-Wno-deprecated-copy");
    if system {
        let root = env::var("CASACORE_ROOT").unwrap_or_else(|_| "/usr".to_owned());
        build
            .flag("-std=c++17")
            .include(Path::new(&root).join("include"))
            .compile("nvss_predict_casacore_shim");
        // A casacore outside the system's own prefix needs its own search path.
        if root != "/usr" {
            println!("cargo:rustc-link-search=native={root}/lib");
        }
        println!("cargo:rustc-link-lib=dylib=casa_tables");
        println!("cargo:rustc-link-lib=dylib=casa_casa");
    } else if vendored {
        let include =
            env::var("DEP_CASA_INCLUDE").expect("rubbl_casatables_impl exports the folder of its headers");
        build
            .flag("-std=c++11")
            // The vendored casacore renames its namespace, so that it can share a process with another casacore.
            .define("casacore", "rubbl_casacore")
            .define("USE_THREADS", "1")
            .include(include)
            .compile("nvss_predict_casacore_shim");
        println!("cargo:rustc-link-lib=static=casatables_impl");
    } else {
        panic!("choose a casacore: feature `vendored-casacore` (the default) or `system-casacore`");
    }
}
