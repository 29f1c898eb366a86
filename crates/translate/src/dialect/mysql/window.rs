//! Windows: OVER, and the clause WINDOW.

use super::{Finder, Read, keyword::Keyword, token::Kind};

const FRAMES: [Keyword; 3] = [Keyword::Range, Keyword::Rows, Keyword::Groups];

impl Finder<'_> {
    /// After OVER: a window's name, or its definition.
    pub(super) fn over(&mut self) -> Read {
        if self.kind() == Kind::Open {
            self.window()
        } else {
            self.label().map(drop)
        }
    }

    /// Whether WINDOW begins a clause here: `window` is an alias elsewhere.
    pub(super) fn at_window_clause(&self) -> bool {
        self.is(Keyword::Window) && self.ahead(1).is_name() && self.is_ahead(2, Keyword::As)
    }

    /// `WINDOW name AS (…), …`
    pub(super) fn window_clause(&mut self) -> Read {
        self.advance();
        loop {
            self.label()?;
            self.expect(Keyword::As, "AS was expected after a window's name")?;
            self.window()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `([base] [PARTITION BY …] [ORDER BY …] [frame])`
    fn window(&mut self) -> Read {
        self.open()?;
        if self.kind().is_name() && !self.is_any(&FRAMES) {
            self.advance();
        }
        if self.skip(Keyword::Partition) {
            self.expect(Keyword::By, "BY was expected")?;
            self.expressions()?;
        }
        self.order_by()?;
        if self.skip_any(&FRAMES) {
            self.frame()?;
        }
        self.close()
    }

    /// `bound` or `BETWEEN bound AND bound`, with `EXCLUDE …`.
    fn frame(&mut self) -> Read {
        if self.skip(Keyword::Between) {
            self.bound()?;
            self.expect(Keyword::And, "AND was expected in a frame")?;
        }
        self.bound()?;
        if self.skip(Keyword::Exclude) {
            self.skip_all(&[
                Keyword::No,
                Keyword::Others,
                Keyword::Current,
                Keyword::Row,
                Keyword::Group,
                Keyword::Ties,
            ]);
        }
        Ok(())
    }

    fn bound(&mut self) -> Read {
        if self.skip(Keyword::Current) {
            return self.expect(Keyword::Row, "ROW was expected");
        }
        if !self.skip(Keyword::Unbounded) {
            self.expression()?;
        }
        if self.skip_any(&[Keyword::Preceding, Keyword::Following]) {
            Ok(())
        } else {
            Err(self.unexpected("PRECEDING or FOLLOWING was expected"))
        }
    }
}
