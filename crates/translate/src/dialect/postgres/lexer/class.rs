//! The class of token that a byte begins, by a table.

use super::Kind;

/// The class of token that a byte begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub(super) enum Class {
    // These three continue a word.
    Letter,
    Digit,
    Dollar,
    Space,
    DoubleQuote,
    Quote,
    Dot,
    Comma,
    Open,
    Close,
    Operator,
    Colon,
    OpenBracket,
    CloseBracket,
    Semicolon,
    Invalid,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Invalid; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'$' => Class::Dollar,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'"' => Class::DoubleQuote,
            b'\'' => Class::Quote,
            b'.' => Class::Dot,
            b',' => Class::Comma,
            b'(' => Class::Open,
            b')' => Class::Close,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' => Class::Operator,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => Class::Operator,
            b':' => Class::Colon,
            b'[' => Class::OpenBracket,
            b']' => Class::CloseBracket,
            b';' => Class::Semicolon,
            _ => Class::Invalid,
        };
        byte += 1;
    }
    classes
};

pub(super) fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

pub(crate) fn continues_word(byte: u8) -> bool {
    class(byte) <= Class::Dollar
}

/// The operator of this one character.
pub(super) fn operator(character: u8) -> Kind {
    if character == b'*' { Kind::Star } else { Kind::Operator }
}
