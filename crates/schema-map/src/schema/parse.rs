//! JSON of schemas in, the flat list of types out.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    Attributes, FIELDS_MAX, FIXED_BYTES_MAX, Field, Kind, Logical, NESTING_MAX, Name, SchemaError,
    TEXT_BYTES_MAX, Type, TypeId, logical::texts, names,
};

/// Reads the references in their order, then the schema itself.
pub(super) fn parse(json: &str, references: &[&str]) -> Result<(Vec<Type>, TypeId), SchemaError> {
    let bytes = references.iter().map(|text| text.len()).sum::<usize>() + json.len();
    if bytes > TEXT_BYTES_MAX {
        return Err(SchemaError::new(&[], format!("text over {TEXT_BYTES_MAX} bytes")));
    }
    let mut parser = Parser::default();
    for text in references {
        parser.text(text)?;
    }
    let root = parser.text(json)?;
    Ok((parser.types, root))
}

#[derive(Default)]
struct Parser {
    types: Vec<Type>,
    named: HashMap<String, TypeId>,
    fields: usize,
    /// Names from the root to what is being read.
    at: Vec<String>,
    depth: usize,
}

impl Parser {
    fn text(&mut self, text: &str) -> Result<TypeId, SchemaError> {
        let value = serde_json::from_str(text)
            .map_err(|error| self.error(format!("not valid JSON: {error}")))?;
        self.schema(value, "")
    }

    fn schema(&mut self, value: Value, namespace: &str) -> Result<TypeId, SchemaError> {
        if self.depth >= NESTING_MAX {
            return Err(self.error(format!("types nested deeper than {NESTING_MAX}")));
        }
        self.depth += 1;
        let found = match value {
            Value::String(name) => self.name(&name, namespace, Attributes::new()),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(attributes) => self.object(attributes, namespace),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Err(self.error("a schema is a text, a list or an object"))
            }
        };
        self.depth -= 1;
        found
    }

    fn object(
        &mut self,
        mut attributes: Attributes,
        namespace: &str,
    ) -> Result<TypeId, SchemaError> {
        let name = match attributes.remove("type") {
            Some(Value::String(name)) => name,
            // {"type": {..}}: what stands inside is the type.
            Some(inner @ (Value::Object(_) | Value::Array(_))) => {
                return self.schema(inner, namespace);
            }
            Some(_) | None => return Err(self.error("no type")),
        };
        match name.as_str() {
            "record" | "error" => self.record(attributes, namespace),
            "enum" => self.enumeration(attributes, namespace),
            "fixed" => self.fixed(attributes, namespace),
            "array" => {
                let items = self.part(&mut attributes, "items", namespace)?;
                Ok(self.add(Kind::Array(items), None, attributes))
            }
            "map" => {
                let values = self.part(&mut attributes, "values", namespace)?;
                Ok(self.add(Kind::Map(values), None, attributes))
            }
            _ => self.name(&name, namespace, attributes),
        }
    }

    /// A primitive type, or a named type that is there already.
    fn name(
        &mut self,
        name: &str,
        namespace: &str,
        attributes: Attributes,
    ) -> Result<TypeId, SchemaError> {
        let kind = match name {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "bytes" => Kind::Bytes,
            "string" => Kind::String,
            _ => {
                let full = names::full(name, namespace);
                let known = self.named.get(&full).or_else(|| self.named.get(name));
                return known.copied().ok_or_else(|| self.error(format!("unknown type `{full}`")));
            }
        };
        Ok(self.add(kind, None, attributes))
    }

    fn union(&mut self, branches: Vec<Value>, namespace: &str) -> Result<TypeId, SchemaError> {
        let mut found = Vec::with_capacity(branches.len());
        let mut seen = HashSet::new();
        for branch in branches {
            let id = self.schema(branch, namespace)?;
            let branch = &self.types[id.0];
            let name = branch.name.as_ref().map(|name| name.full.clone());
            let unique = seen.insert((std::mem::discriminant(&branch.kind), name));
            if !unique || matches!(branch.kind, Kind::Union(_)) {
                return Err(self.error("a union holds a union, or the same type twice"));
            }
            found.push(id);
        }
        if found.is_empty() {
            return Err(self.error("an empty union"));
        }
        Ok(self.add(Kind::Union(found), None, Attributes::new()))
    }

    fn record(
        &mut self,
        mut attributes: Attributes,
        namespace: &str,
    ) -> Result<TypeId, SchemaError> {
        let name = self.named(&mut attributes, namespace)?;
        let inner_namespace = names::namespace_of(&name.full).to_owned();
        let Some(Value::Array(fields)) = attributes.remove("fields") else {
            return Err(self.error(format!("record `{}` has no list of fields", name.full)));
        };
        self.fields += fields.len();
        if self.fields > FIELDS_MAX {
            return Err(self.error(format!("more than {FIELDS_MAX} fields")));
        }
        // Known before its fields are read: a field may hold the record itself.
        let full = name.full.clone();
        let id = self.add(Kind::Record(Vec::new()), Some(name), attributes);
        self.define(full, id)?;
        let mut found: Vec<Field> = Vec::with_capacity(fields.len());
        let mut seen = HashSet::new();
        for field in fields {
            let field = self.field(field, &inner_namespace)?;
            if !seen.insert(field.name.clone()) {
                return Err(self.error(format!("field `{}` is there twice", field.name)));
            }
            found.push(field);
        }
        if let Some(record) = self.types.get_mut(id.0) {
            record.kind = Kind::Record(found);
        }
        Ok(id)
    }

    fn field(&mut self, value: Value, namespace: &str) -> Result<Field, SchemaError> {
        let Value::Object(mut attributes) = value else {
            return Err(self.error("a field that is not an object"));
        };
        let name = self.required(&mut attributes, "name")?;
        if !names::is_word(&name) {
            return Err(self.error(format!("invalid field name `{name}`")));
        }
        let aliases = texts(&mut attributes, "aliases")
            .ok_or_else(|| self.error("aliases that are not a list of texts"))?;
        let default = attributes.remove("default");
        self.at.push(name.clone());
        let schema = self.part(&mut attributes, "type", namespace)?;
        self.at.pop();
        Ok(Field { name, aliases, schema, default, attributes })
    }

    fn enumeration(
        &mut self,
        mut attributes: Attributes,
        namespace: &str,
    ) -> Result<TypeId, SchemaError> {
        let name = self.named(&mut attributes, namespace)?;
        let symbols = texts(&mut attributes, "symbols")
            .filter(|symbols| !symbols.is_empty())
            .ok_or_else(|| self.error(format!("enum `{}` has no list of symbols", name.full)))?;
        if symbols.iter().collect::<HashSet<_>>().len() != symbols.len() {
            return Err(self.error(format!("enum `{}` has a symbol twice", name.full)));
        }
        let default = attributes.remove("default");
        let default = default.and_then(|symbol| symbol.as_str().map(str::to_owned));
        let full = name.full.clone();
        let id = self.add(Kind::Enum { symbols, default }, Some(name), attributes);
        self.define(full, id)?;
        Ok(id)
    }

    fn fixed(
        &mut self,
        mut attributes: Attributes,
        namespace: &str,
    ) -> Result<TypeId, SchemaError> {
        let name = self.named(&mut attributes, namespace)?;
        let size = attributes
            .remove("size")
            .and_then(|size| usize::try_from(size.as_u64()?).ok())
            .filter(|size| *size <= FIXED_BYTES_MAX)
            .ok_or_else(|| {
                self.error(format!("fixed `{}` has no size up to {FIXED_BYTES_MAX}", name.full))
            })?;
        let full = name.full.clone();
        let id = self.add(Kind::Fixed(size), Some(name), attributes);
        self.define(full, id)?;
        Ok(id)
    }

    fn named(&mut self, attributes: &mut Attributes, namespace: &str) -> Result<Name, SchemaError> {
        let name = self.required(attributes, "name")?;
        let own = match attributes.remove("namespace") {
            Some(Value::String(own)) => own,
            _ => namespace.to_owned(),
        };
        let full = names::full(&name, &own);
        if !names::is_valid(&full) {
            return Err(self.error(format!("invalid name `{full}`")));
        }
        let own = names::namespace_of(&full);
        let aliases = texts(attributes, "aliases")
            .ok_or_else(|| self.error("aliases that are not a list of texts"))?
            .iter()
            .map(|alias| names::full(alias, own))
            .collect();
        Ok(Name { full, aliases })
    }

    fn part(
        &mut self,
        attributes: &mut Attributes,
        name: &str,
        namespace: &str,
    ) -> Result<TypeId, SchemaError> {
        let part = attributes.remove(name).ok_or_else(|| self.error(format!("no `{name}`")))?;
        self.schema(part, namespace)
    }

    fn required(&self, attributes: &mut Attributes, name: &str) -> Result<String, SchemaError> {
        match attributes.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.error(format!("no `{name}`"))),
        }
    }

    fn define(&mut self, full: String, id: TypeId) -> Result<(), SchemaError> {
        if self.named.contains_key(&full) {
            return Err(self.error(format!("type `{full}` is defined twice")));
        }
        self.named.insert(full, id);
        Ok(())
    }

    fn add(&mut self, kind: Kind, name: Option<Name>, attributes: Attributes) -> TypeId {
        let logical = Logical::read(&kind, &attributes);
        self.types.push(Type { kind, name, logical, attributes });
        TypeId(self.types.len() - 1)
    }

    fn error(&self, problem: impl Into<String>) -> SchemaError {
        SchemaError::new(&self.at, problem)
    }
}
