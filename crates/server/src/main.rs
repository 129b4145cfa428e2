//! The `antiphon` binary: arguments, settings, start, wait for a signal.
//!
//! Errors: exit status 2 for unusable settings, 1 for anything else, each with one line on standard error.

use std::{io::Write, process::ExitCode, sync::Arc, time::Duration};

use antiphon_server::{
    app::StartError,
    serve,
    settings::{Command, Settings},
};

/// How long threads that block may take to end once everything else has.
const LAST_THREADS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    match Command::parse(std::env::args_os(), &environment) {
        Ok(Command::Print(text)) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(settings)) => run(*settings),
        Err(error) => fail(&error, 2),
    }
}

fn run(settings: Settings) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    let reload = || Settings::load(std::env::args_os(), &|name| std::env::var(name).ok());
    let served = runtime.block_on(serve::serve(settings, Arc::new(antiphon_server::net::Machine), print, reload));
    // Dropped, it would wait for ever for a thread that something holds for ever.
    runtime.shutdown_timeout(LAST_THREADS);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Files that settings name are read late, and are settings all the same.
            let unusable = matches!(error.downcast_ref(), Some(StartError::Tls(_)));
            fail(&*error, if unusable { 2 } else { 1 })
        }
    }
}

/// Standard output is for what was asked for and the ready line; logs go to standard error.
fn print(text: &str) {
    // Whoever was to read it may have gone, as in `antiphon --help | head -1`.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

#[allow(clippy::print_stderr)]
fn fail(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    eprintln!("antiphon: {error}");
    ExitCode::from(status)
}
