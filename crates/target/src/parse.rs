//! SQL that a user wrote in, whether the server's own parser reads it as what it may be out.
//!
//! The text is put into `EXPLAIN AST`, which parses and runs nothing, and the tree that comes back
//! is looked at: what it may hold is listed, so that syntax of later servers is refused until
//! somebody has thought about it.

use crate::{
    classify::Disposition,
    client::{Target, TargetError},
    guarantee::is_impure_function,
};

/// Longest text that is asked about, in bytes.
const BYTES_MAX: usize = 16 << 10;
/// Stands for the expression, so that nothing can be hidden behind it.
const MARK: &str = "penstock_expression";

/// Nodes of which an expression over the columns of a row is made.
const OF_EXPRESSIONS: [&str; 8] = [
    "Function",
    "ExpressionList",
    "Identifier",
    "Literal",
    "Lambda",
    "DataType",
    "CastOperator",
    "OpaqueExpression",
];
/// Nodes of which one `SELECT` over the rows of `input` is made, besides.
const OF_SELECTS: [&str; 5] = [
    "Asterisk",
    "TablesInSelectQuery",
    "TablesInSelectQueryElement",
    "TableExpression",
    "TableIdentifier",
];

/// A node of the tree: how deep it is, its kind, what follows that, and its number of children.
#[derive(Debug, PartialEq, Eq)]
struct Node<'a> {
    depth: usize,
    kind: &'a str,
    rest: &'a str,
    children: usize,
}

impl Target {
    /// Says why `text` is not one expression over the columns of a row, or nothing. It may call
    /// no function whose value the row alone does not give, and hold no query.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or refuses for another reason than the text.
    pub async fn check_expression(&self, text: &str) -> Result<Option<String>, TargetError> {
        // In parentheses nothing of the statement around it can be meant, and without them a list
        // is no tuple and an alias of its own is one too many. The line break ends a comment that
        // would swallow what follows.
        for statement in
            [format!("SELECT ({text}\n) AS {MARK}"), format!("SELECT {text}\n AS {MARK}")]
        {
            let tree = match self.tree(text, &statement).await? {
                Ok(tree) => tree,
                Err(why) => return Ok(Some(why)),
            };
            let lines: Vec<Node<'_>> = tree.iter().filter_map(|line| node(line)).collect();
            if let Some(why) = expression_problem(&lines) {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    /// Says why `text` is not one `SELECT` from `input`, or nothing: no other table, no table
    /// function, no query inside, no settings or format, and functions as in an expression.
    ///
    /// # Errors
    ///
    /// As [`Target::check_expression`].
    pub async fn check_select(&self, text: &str) -> Result<Option<String>, TargetError> {
        // The tree does not show it. A column of that name must be renamed before.
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if words.any(|word| word.eq_ignore_ascii_case("final")) {
            return Ok(Some("must not use FINAL".to_owned()));
        }
        let tree = match self.tree(text, &format!("{text}\n")).await? {
            Ok(tree) => tree,
            Err(why) => return Ok(Some(why)),
        };
        let lines: Vec<Node<'_>> = tree.iter().filter_map(|line| node(line)).collect();
        Ok(select_problem(&lines))
    }

    /// The lines of a statement's tree, or why it is not one statement.
    async fn tree(
        &self,
        text: &str,
        statement: &str,
    ) -> Result<Result<Vec<String>, String>, TargetError> {
        if text.trim().is_empty() || text.len() > BYTES_MAX {
            return Ok(Err(format!("must be 1 to {BYTES_MAX} bytes")));
        }
        // The server ends a statement there and may ignore what follows.
        if text.contains([';', '\0']) {
            return Ok(Err("must not contain `;`".to_owned()));
        }
        let explain = format!("EXPLAIN AST {statement}");
        match self.ask(self.schema.query_raw(&explain).fetch_all::<String>()).await {
            Ok(lines) => Ok(Ok(lines)),
            // The server's words quote the statement around the text, which would not help.
            Err(error) if error.disposition() == Disposition::Retry => Err(error),
            Err(TargetError::Refused(_)) => Ok(Err("the server cannot parse it".to_owned())),
            Err(error) => Err(error),
        }
    }
}

fn expression_problem(nodes: &[Node<'_>]) -> Option<String> {
    let [union, selects, select, list, expression, ..] = nodes else {
        return Some("is not one expression".to_owned());
    };
    let frame = [union, selects, select, list].map(|node| (node.depth, node.kind, node.children));
    let wanted = [
        (0, "SelectWithUnionQuery", 1),
        (1, "ExpressionList", 1),
        (2, "SelectQuery", 1),
        (3, "ExpressionList", 1),
    ];
    let whole = expression.depth == 4
        && expression.rest.contains(&format!("(alias {MARK})"))
        && nodes.iter().skip(5).all(|node| node.depth > 4 && !node.rest.contains("(alias "));
    if frame != wanted || !whole {
        return Some("is not one expression".to_owned());
    }
    nodes.iter().skip(4).find_map(|node| piece_problem(node, &OF_EXPRESSIONS, &[]))
}

fn select_problem(nodes: &[Node<'_>]) -> Option<String> {
    let [union, selects, select, ..] = nodes else {
        return Some("is not one SELECT".to_owned());
    };
    let frame = [union, selects, select].map(|node| (node.depth, node.kind));
    let wanted = [(0, "SelectWithUnionQuery"), (1, "ExpressionList"), (2, "SelectQuery")];
    if frame != wanted || union.children != 1 || selects.children != 1 {
        return Some("is not one SELECT".to_owned());
    }
    let tables: Vec<&Node<'_>> =
        nodes.iter().filter(|node| node.kind == "TablesInSelectQueryElement").collect();
    let sources = nodes.iter().filter(|node| node.kind == "TableIdentifier");
    let names: Vec<&str> = sources.map(|node| first_word(node.rest)).collect();
    if tables.len() != 1 || names != ["input"] {
        return Some("must read FROM input, and from nothing else".to_owned());
    }
    if nodes.iter().any(|node| node.kind == "TableExpression" && node.children != 1) {
        return Some("must read FROM input as it is".to_owned());
    }
    let place = nodes.iter().position(|node| node.kind == "TableExpression");
    let inner = place.and_then(|place| nodes.get(place + 1));
    if inner.is_none_or(|node| node.kind != "TableIdentifier") {
        return Some("must read FROM input, and from nothing else".to_owned());
    }
    nodes.iter().skip(3).find_map(|node| piece_problem(node, &OF_EXPRESSIONS, &OF_SELECTS))
}

fn piece_problem(node: &Node<'_>, allowed: &[&str], further: &[&str]) -> Option<String> {
    let kind = node.kind;
    if !allowed.contains(&kind) && !further.contains(&kind) {
        return Some(match kind {
            "Subquery" | "SelectWithUnionQuery" | "SelectQuery" => {
                "must not hold a query".to_owned()
            }
            _ => format!("must not hold a {kind}"),
        });
    }
    let name = first_word(node.rest);
    (kind == "Function" && is_impure_function(name)).then(|| {
        format!("`{name}` does not depend on the row alone, so that a repeated batch would differ")
    })
}

/// Reads a line of the tree, such as `    Function plus (alias a) (children 1)`.
fn node(line: &str) -> Option<Node<'_>> {
    let text = line.trim_start_matches(' ');
    if text.is_empty() {
        return None;
    }
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let children = rest.rsplit_once("(children ").and_then(|(_, count)| count.strip_suffix(')'));
    Some(Node {
        depth: line.len() - text.len(),
        kind,
        rest,
        children: children.and_then(|count| count.parse().ok()).unwrap_or(0),
    })
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}
