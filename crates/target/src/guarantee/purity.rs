//! An SQL expression in the server's spelling in, what it depends on besides the row out.

/// Beginnings of function names, in lower case, whose value the arguments alone do not give: the
/// clock, chance, the server, the session, what another table or a dictionary holds just then, or
/// how rows are split into blocks. Source: the functions that the server lists as not
/// deterministic (`system.functions`); a test compares. A beginning that fits more than it should
/// only makes the check stricter.
const IMPURE_BEGINNINGS: [&str; 35] = [
    "now",
    "today",
    "yesterday",
    "current",
    "utctimestamp",
    "utc_timestamp",
    "localtime",
    "rand",
    "generate",
    "fuzz",
    "arrayshuffle",
    "arrayrandom",
    "arraypartial",
    "server",
    "default",
    "enabled",
    "shard",
    "filesystem",
    "connection",
    "initial",
    "queryid",
    "query_id",
    "getmacro",
    "getmergetree",
    "getos",
    "getserver",
    "getsetting",
    "dict",
    "joinget",
    "hascolumnintable",
    "timeseries",
    "naivebayes",
    "ai",
    "rownumber",
    "block",
];

/// The same where the beginning alone would fit too much.
const IMPURE_NAMES: [&str; 37] = [
    "curdate",
    "datetimetouuidv7",
    "uptime",
    "zookeepersessionuptime",
    "obfuscatequery",
    "hostname",
    "fullhostname",
    "fqdn",
    "displayname",
    "tcpport",
    "version",
    "revision",
    "buildid",
    "timezone",
    "database",
    "schema",
    "user",
    "session_user",
    "authenticateduser",
    "authuser",
    "transactionid",
    "file",
    "catboostevaluate",
    "chdb",
    "financialnetpresentvalueextended",
    "arrayjoin",
    "unnest",
    "isconstant",
    "tocolumntypename",
    "dumpcolumnstructure",
    "lowcardinalityindices",
    "lowcardinalitykeys",
    "runningdifference",
    "runningdifferencestartingwithfirstvalue",
    "runningaccumulate",
    "neighbor",
    "__applyfilter",
];

/// Names that are calls without parentheses, unless a column has them.
const IMPURE_KEYWORDS: [&str; 6] = [
    "current_timestamp",
    "current_date",
    "current_user",
    "current_database",
    "localtime",
    "localtimestamp",
];

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// What is followed by a parenthesis.
    pub(super) functions: Vec<String>,
    /// Everything else, keywords and aliases included.
    pub(super) others: Vec<String>,
}

/// Whether a function of that name can answer differently for the same row.
pub fn is_impure_function(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    IMPURE_NAMES.contains(&name.as_str())
        || IMPURE_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// The first thing in `expression` that the row alone does not decide. `is_column` says which
/// names are columns.
pub(super) fn impurity(expression: &str, is_column: impl Fn(&str) -> bool) -> Option<String> {
    let found = names(expression);
    let function = found.functions.into_iter().find(|name| is_impure_function(name));
    function.map(|name| name + "()").or_else(|| {
        let keyword = |name: &String| {
            IMPURE_KEYWORDS.contains(&name.to_ascii_lowercase().as_str()) && !is_column(name)
        };
        found.others.into_iter().find(keyword)
    })
}

/// Takes an expression apart as far as names go; texts between single quotes hold none.
pub(super) fn names(expression: &str) -> Names {
    let mut found = Names::default();
    let mut rest = expression.chars().peekable();
    while let Some(c) = rest.next() {
        let name = match c {
            '\'' => {
                quoted(&mut rest, '\'');
                continue;
            }
            '`' | '"' => quoted(&mut rest, c),
            _ if starts_name(c) => {
                let mut name = String::from(c);
                while let Some(next) = rest.next_if(|next| starts_name(*next) || next.is_numeric())
                {
                    name.push(next);
                }
                name
            }
            // What follows a number without a gap, as in 1e5, is part of it.
            _ if c.is_numeric() => {
                while rest.next_if(|next| starts_name(*next) || next.is_numeric()).is_some() {}
                continue;
            }
            _ => continue,
        };
        while rest.next_if(|next| next.is_whitespace()).is_some() {}
        match rest.peek() {
            Some('(') => found.functions.push(name),
            _ => found.others.push(name),
        }
    }
    found
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Reads up to the closing quote; a backslash keeps the next character, a doubled quote is one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.extend(rest.next()),
            _ if c == quote && rest.next_if_eq(&quote).is_none() => break,
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests;
