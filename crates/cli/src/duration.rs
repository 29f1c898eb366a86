//! Times on the command line: `250ms`, `3s`, `5m`, `12h`, `30d`.

use std::time::Duration;

pub fn parse(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("a time is a whole number with a unit: ms, s, m, h or d, as in 30s".to_owned()),
    };
    let number = text[..text.len() - unit.len()].parse::<u64>().ok();
    let time = number.and_then(|number| number.checked_mul(milliseconds));
    time.map(Duration::from_millis)
        .ok_or_else(|| "a time is a whole number, not too large, with a unit, as in 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("3s"), Ok(Duration::from_secs(3)));
        assert_eq!(parse("30d"), Ok(Duration::from_secs(30 * 24 * 3600)));
        for wrong in [
            "",
            "3",
            "s",
            "-3s",
            "1.5s",
            "3 s",
            "3weeks",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
