//! Text of a ClickHouse type in, [`ColumnType`] out, or `None` where any part is unknown.

use super::ColumnType;

/// Types inside types; ClickHouse's own parser stops far later, no sensible table comes near.
const NESTING_MAX: usize = 32;

/// Reads the whole of `text` as one type.
pub(super) fn parse(text: &str) -> Option<ColumnType> {
    let mut reader = Reader { rest: text };
    let found = reader.column_type(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(found)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn column_type(&mut self, depth: usize) -> Option<ColumnType> {
        if depth >= NESTING_MAX {
            return None;
        }
        let name = self.word()?;
        if let Some(plain) = plain(&name)
            && !self.peek('(')
        {
            return Some(plain);
        }
        self.expect('(')?;
        let found = self.parametric(&name, depth + 1)?;
        self.expect(')')?;
        Some(found)
    }

    fn parametric(&mut self, name: &str, depth: usize) -> Option<ColumnType> {
        Some(match name {
            "FixedString" => ColumnType::FixedString(self.number()?),
            "DateTime" => ColumnType::DateTime { tz: Some(self.quoted('\'')?) },
            "DateTime64" => self.date_time64()?,
            "Decimal" => self.decimal()?,
            "Enum8" => ColumnType::Enum8(self.list(Self::enum_value)?),
            "Enum16" => ColumnType::Enum16(self.list(Self::enum_value)?),
            "LowCardinality" => ColumnType::LowCardinality(Box::new(self.column_type(depth)?)),
            "Nullable" => ColumnType::Nullable(Box::new(self.column_type(depth)?)),
            "Array" => ColumnType::Array(Box::new(self.column_type(depth)?)),
            "Map" => {
                let key = self.column_type(depth)?;
                self.expect(',')?;
                ColumnType::Map(Box::new(key), Box::new(self.column_type(depth)?))
            }
            "Tuple" => ColumnType::Tuple(self.list(|reader| reader.element(depth))?),
            _ => return None,
        })
    }

    fn date_time64(&mut self) -> Option<ColumnType> {
        let precision = self.number().filter(|precision| *precision <= 9)?;
        let tz = if self.peek(',') {
            self.expect(',')?;
            Some(self.quoted('\'')?)
        } else {
            None
        };
        Some(ColumnType::DateTime64 { precision, tz })
    }

    fn decimal(&mut self) -> Option<ColumnType> {
        let precision = self.number().filter(|precision| (1..=76).contains(precision))?;
        let scale = if self.peek(',') {
            self.expect(',')?;
            self.number()?
        } else {
            0
        };
        (scale <= precision).then_some(ColumnType::Decimal { precision, scale })
    }

    fn enum_value<T: std::str::FromStr>(&mut self) -> Option<(String, T)> {
        let label = self.quoted('\'')?;
        self.expect('=')?;
        Some((label, self.number()?))
    }

    /// `name Type` or `Type`: a name is what another type follows.
    fn element(&mut self, depth: usize) -> Option<(Option<String>, ColumnType)> {
        self.skip_space();
        if self.rest.starts_with('`') {
            let name = self.quoted('`')?;
            return Some((Some(name), self.column_type(depth)?));
        }
        let before = self.rest;
        let word = self.word()?;
        if self.peek(',') || self.peek(')') || self.peek('(') {
            self.rest = before;
            return Some((None, self.column_type(depth)?));
        }
        Some((Some(word), self.column_type(depth)?))
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.peek(',') {
            self.expect(',')?;
            items.push(item(self)?);
        }
        Some(items)
    }

    fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.skip_space();
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '-')
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        digits.parse().ok()
    }

    fn word(&mut self) -> Option<String> {
        self.skip_space();
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// Text between `mark`s with backslash escapes; a doubled mark stands for one.
    fn quoted(&mut self, mark: char) -> Option<String> {
        self.expect(mark)?;
        let mut found = String::new();
        let mut letters = self.rest.chars();
        loop {
            let letter = letters.next()?;
            if letter == '\\' {
                found.push(unescaped(letters.next()?)?);
            } else if letter != mark {
                found.push(letter);
            } else if letters.as_str().starts_with(mark) {
                letters.next();
                found.push(mark);
            } else {
                self.rest = letters.as_str();
                return Some(found);
            }
        }
    }

    fn peek(&mut self, letter: char) -> bool {
        self.skip_space();
        self.rest.starts_with(letter)
    }

    fn expect(&mut self, letter: char) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(letter)?;
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

fn unescaped(letter: char) -> Option<char> {
    Some(match letter {
        '\'' | '\\' | '`' | '"' => letter,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        'b' => '\u{8}',
        'f' => '\u{c}',
        _ => return None,
    })
}

fn plain(name: &str) -> Option<ColumnType> {
    Some(match name {
        "Bool" => ColumnType::Bool,
        "Int8" => ColumnType::Int8,
        "Int16" => ColumnType::Int16,
        "Int32" => ColumnType::Int32,
        "Int64" => ColumnType::Int64,
        "Int128" => ColumnType::Int128,
        "Int256" => ColumnType::Int256,
        "UInt8" => ColumnType::UInt8,
        "UInt16" => ColumnType::UInt16,
        "UInt32" => ColumnType::UInt32,
        "UInt64" => ColumnType::UInt64,
        "UInt128" => ColumnType::UInt128,
        "UInt256" => ColumnType::UInt256,
        "Float32" => ColumnType::Float32,
        "Float64" => ColumnType::Float64,
        "String" => ColumnType::String,
        "UUID" => ColumnType::Uuid,
        "Date" => ColumnType::Date,
        "Date32" => ColumnType::Date32,
        "DateTime" => ColumnType::DateTime { tz: None },
        "DateTime64" => ColumnType::DateTime64 { precision: 3, tz: None },
        _ => return None,
    })
}
