//! Text of an Avro schema in, its parts with every attribute out.
//!
//! Own parser, because attributes of unnamed types (`connect.name` on a `long`) carry meaning for
//! a sink and general Avro libraries drop them.

use serde_json::{Map, Value};

mod logical;
mod names;
mod parse;

pub use self::logical::Logical;

/// Bytes of schema text, references included.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Levels of types inside types.
pub const NESTING_MAX: usize = 64;
/// Fields of all records of one schema together.
pub const FIELDS_MAX: usize = 10_000;
/// Bytes of one `fixed`.
pub const FIXED_BYTES_MAX: usize = 1 << 20;

/// Attributes of a schema as they stood in its text.
pub type Attributes = Map<String, Value>;

/// The schema a record was written with.
///
/// Types lie in one flat list and refer to each other by [`TypeId`], so a named type that is used
/// twice, or inside itself, is there once.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    types: Vec<Type>,
    root: TypeId,
}

/// A type's place in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(usize);

/// One type.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What it is made of.
    pub kind: Kind,
    /// Name of a record, enum or fixed.
    pub name: Option<Name>,
    /// The logical type, where it is known and fits the kind; else `None`, as the
    /// specification wants, and the attribute is still among `attributes`.
    pub logical: Option<Logical>,
    /// All attributes but `type` and those that `kind` and `name` hold.
    pub attributes: Attributes,
}

/// Full name and full aliases of a named type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Namespace and name joined by a dot; just the name without a namespace.
    pub full: String,
    /// Other full names.
    pub aliases: Vec<String>,
}

/// What a type is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, zero bytes.
    Null,
    /// One byte, 0 or 1.
    Boolean,
    /// 32-bit number.
    Int,
    /// 64-bit number.
    Long,
    /// 32-bit IEEE number.
    Float,
    /// 64-bit IEEE number.
    Double,
    /// Any bytes.
    Bytes,
    /// UTF-8 text.
    String,
    /// So many bytes.
    Fixed(usize),
    /// One of these symbols.
    Enum {
        /// Symbols in the writer's order.
        symbols: Vec<String>,
        /// Symbol for readers that do not know the written one.
        default: Option<String>,
    },
    /// Any number of one type.
    Array(TypeId),
    /// Texts, each with a value of one type.
    Map(TypeId),
    /// One of these types.
    Union(Vec<TypeId>),
    /// These fields.
    Record(Vec<Field>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Type.
    pub schema: TypeId,
    /// Default for readers whose writer did not have the field.
    pub default: Option<Value>,
    /// All attributes but those above, `doc` and `order` among them.
    pub attributes: Attributes,
}

/// A schema that cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schema: {problem}{}{at}", if at.is_empty() { "" } else { " at " })]
pub struct SchemaError {
    /// Names from the root to the place, joined by dots; empty for the whole.
    pub at: String,
    /// What is wrong with it.
    pub problem: String,
}

impl SchemaError {
    pub(crate) fn new(at: &[String], problem: impl Into<String>) -> Self {
        Self { at: at.join("."), problem: problem.into() }
    }
}

impl Schema {
    /// Reads a writer schema. `references` are the texts of the schemas it refers to, each after
    /// those it refers to itself.
    ///
    /// # Errors
    ///
    /// When a text is not JSON, not a schema, refers to a type that is not there, defines one
    /// twice, or is over a limit: [`TEXT_BYTES_MAX`], [`NESTING_MAX`], [`FIELDS_MAX`],
    /// [`FIXED_BYTES_MAX`].
    pub fn parse(json: &str, references: &[&str]) -> Result<Self, SchemaError> {
        let (types, root) = parse::parse(json, references)?;
        Ok(Self { types, root })
    }

    /// The type of a whole record.
    pub fn root(&self) -> TypeId {
        self.root
    }

    /// The type at that place. `id` must be of this schema: another's gives another type, or a
    /// panic.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0]
    }

    /// Every type, by its [`TypeId::index`].
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// The fields of the root, or `None` where the root is not a record.
    pub fn fields(&self) -> Option<&[Field]> {
        let Kind::Record(fields) = &self.get(self.root).kind else { return None };
        Some(fields)
    }

    /// For a union of null and one other type: the place of null (0 or 1) and the other type.
    pub fn nullable(&self, id: TypeId) -> Option<(usize, TypeId)> {
        let Kind::Union(branches) = &self.get(id).kind else { return None };
        match branches.as_slice() {
            [first, second] if self.get(*first).kind == Kind::Null => Some((0, *second)),
            [first, second] if self.get(*second).kind == Kind::Null => Some((1, *first)),
            _ => None,
        }
    }
}

impl TypeId {
    /// The place as a number, from 0.
    pub fn index(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests;
