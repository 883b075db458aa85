//! `nvss-predict`: see `nvss-predict --help`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    nvss_predict::cli::main()
}
