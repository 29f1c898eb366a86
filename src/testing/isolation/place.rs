//! Where in the application's code something happened.

use std::backtrace::Backtrace;

/// Crates below an application, whose functions it is not interested in.
const BELOW: &[&str] = &[
    "actix",
    "alloc",
    "axum",
    "core",
    "deadpool",
    "diesel",
    "diesel_async",
    "diesel_tenants",
    "futures",
    "futures_core",
    "futures_executor",
    "futures_util",
    "hyper",
    "hyper_util",
    "matchit",
    "pin_project_lite",
    "rocket",
    "std",
    "test",
    "tokio",
    "tokio_postgres",
    "tokio_util",
    "tower",
    "tower_http",
    "tower_layer",
    "tower_service",
    "tracing",
    "tracing_core",
    "tracing_futures",
];

/// The innermost function of the application: `shop::handlers::orders at src/handlers.rs:42`.
pub(super) fn of(backtrace: &Backtrace) -> Option<String> {
    let text = backtrace.to_string();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, function)) = line
            .trim_start()
            .split_once(": ")
            .filter(|(number, _)| is_number(number))
        else {
            continue;
        };
        let place = lines.peek().and_then(|line| line.trim_start().strip_prefix("at "));
        if !is_below(function) && !place.is_some_and(is_of_a_dependency) {
            let function = function.trim_end_matches("::{{closure}}");
            return Some(match place {
                // The column says no more than the line.
                Some(place) => {
                    let (line, _) = place.rsplit_once(':').unwrap_or((place, ""));
                    format!("{function} at {}", line.trim_start_matches("./"))
                }
                None => function.to_owned(),
            });
        }
    }
    None
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `<diesel_tenants::… as …>::poll`, `tokio::runtime::…`, `__libc_start_main`
fn is_below(function: &str) -> bool {
    let name = function.trim_start_matches(['<', '&', '(', '*']);
    match name.split_once("::") {
        Some((package, _)) => BELOW.contains(&package.trim_start_matches("mut ").trim_start_matches("dyn ")),
        // What is no path is not Rust's.
        None => true,
    }
}

fn is_of_a_dependency(place: &str) -> bool {
    ["/rustc/", "/registry/src/", "/library/std/", "/library/core/"]
        .iter()
        .any(|part| place.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_of_the_function_that_asks() {
        let place = of(&Backtrace::force_capture());
        // This library's own functions are below any application.
        assert_eq!(place, None);
        assert!(is_below(
            "<diesel_tenants::connection::Rows<S> as futures_core::Stream>::poll_next"
        ));
        assert!(!is_below("shop::handlers::orders::{{closure}}"));
    }
}
