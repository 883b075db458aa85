//! `wsclean-predict`: `nvss-predict wsclean` under a name that takes the place of `wsclean` in scripts.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    nvss_predict::cli::wsclean_main()
}
