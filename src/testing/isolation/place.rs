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

/// How the compiler names the folder of this library's own files, which a backtrace shows in the same way.
fn own_folder() -> &'static str {
    file!()
        .strip_suffix("testing/isolation/place.rs")
        .unwrap_or("diesel-tenants/src/")
}

/// The innermost function of the application: `shop::handlers::orders at src/handlers.rs:42`. How much of it is known
/// depends on the debug information.
pub(super) fn of(backtrace: &Backtrace) -> Option<String> {
    innermost(&backtrace.to_string())
}

fn innermost(backtrace: &str) -> Option<String> {
    let mut lines = backtrace.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, function)) = line
            .trim_start()
            .split_once(": ")
            .filter(|(number, _)| is_number(number))
        else {
            continue;
        };
        let place = lines.peek().and_then(|line| line.trim_start().strip_prefix("at "));
        let place = place.map(|place| place.trim_start_matches("./"));
        let function = shown_name(function);
        return Some(match (place, function) {
            (Some(place), _) if is_of_a_dependency(place) => continue,
            (_, Some(function)) if is_below(function) => continue,
            // The column says no more than the line.
            (Some(place), function) => {
                let (line, _) = place.rsplit_once(':').unwrap_or((place, ""));
                match function {
                    Some(function) => format!("{function} at {line}"),
                    None => line.to_owned(),
                }
            }
            (None, Some(function)) => function.to_owned(),
            (None, None) => continue,
        });
    }
    None
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The path of a function, without what the compiler adds. `None` if there is no path, as for closures where the debug
/// information is of lines only.
fn shown_name(function: &str) -> Option<&str> {
    let name = function.trim_start_matches(['<', '&', '(', '*']);
    let end = name.find(['{', '<', ' ']).unwrap_or(name.len());
    let name = name[..end].trim_end_matches("::");
    name.contains("::").then_some(name)
}

/// `<diesel_tenants::… as …>::poll`, `tokio::runtime::…`
fn is_below(function: &str) -> bool {
    let package = function.split("::").next().unwrap_or_default();
    BELOW.contains(&package)
}

fn is_of_a_dependency(place: &str) -> bool {
    place.starts_with(own_folder())
        || [
            "/rustc/",
            "/registry/src/",
            "/git/checkouts/",
            "/library/std/",
            "/library/core/",
        ]
        .iter()
        .any(|part| place.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str =
        "   0: {impl#0}::poll<T>\n             at /home/a/.cargo/registry/src/x/tokio-1/src/lib.rs:9:1
   1: diesel_tenants::connection::Rows<S>::poll_next
   2: <diesel_tenants::connection::Rows<S> as futures_core::Stream>::poll_next\n";

    #[test]
    fn the_place_is_the_innermost_one_of_the_application() {
        for (frame, expected) in [
            (
                "   3: shop::orders::list::{async_fn#0}\n             at ./src/orders.rs:42:10\n",
                // Where this library is the top of its workspace, that would be a file of its own.
                (own_folder() != "src/").then_some("shop::orders::list at src/orders.rs:42"),
            ),
            (
                "   3: {async_fn#0}<T>\n             at ./tests/orders.rs:42:10\n",
                Some("tests/orders.rs:42"),
            ),
            ("   3: shop::orders::list::{closure#0}\n", Some("shop::orders::list")),
            ("   3: main\n", None),
        ] {
            let backtrace = format!("{LIBRARY}{frame}   4: std::rt::lang_start::<()>\n");
            assert_eq!(innermost(&backtrace).as_deref(), expected, "{frame}");
        }
    }
}
