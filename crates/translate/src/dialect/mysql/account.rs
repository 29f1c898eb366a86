//! Accounts: DEFINER = …

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    /// `DEFINER = { account | CURRENT_USER }`, if it comes next; whether it did.
    pub(super) fn skip_definer(&mut self) -> Result<bool, crate::error::Fault> {
        if !self.skip(Keyword::Definer) {
            return Ok(false);
        }
        if !self.skip_equals() {
            return Err(self.unexpected("= was expected after DEFINER"));
        }
        self.account()?;
        Ok(true)
    }

    /// `name`, `name@host`, `CURRENT_USER` or `CURRENT_USER()`
    fn account(&mut self) -> Read {
        if !self.skip_kind(Kind::String) {
            self.label()?;
        }
        self.skip_kind(Kind::Variable);
        if self.skip_kind(Kind::Open) {
            self.close()?;
        }
        Ok(())
    }
}
