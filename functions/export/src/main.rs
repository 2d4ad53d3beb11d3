//! The executable of the function; everything is in the library.

fn main() -> std::process::ExitCode {
    export::main()
}
