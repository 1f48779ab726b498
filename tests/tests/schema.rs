//! `chatctl/schema.json` says the same as the admin interface, and the recorded outputs hold to it.

use std::path::Path;

use serde_json::{Map, Value, json};
use zlink::idl::{Field, Interface, Type};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&read("chatctl/schema.json")).expect("JSON")
}

/// What the schema must say of a type of the interface.
fn expected(ty: &Type<'_>) -> Value {
    match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::Int => json!({"type": "integer"}),
        Type::Float => json!({"type": "number"}),
        Type::String => json!({"type": "string"}),
        Type::Optional(inner) => expected(inner.inner()),
        Type::Array(inner) => json!({"type": "array", "items": expected(inner.inner())}),
        Type::Map(inner) => json!({"type": "object", "additionalProperties": expected(inner.inner())}),
        Type::Enum(variants) => {
            let names: Vec<&str> = variants.iter().map(|variant| variant.name().as_ref()).collect();
            json!({"type": "string", "examples": names})
        }
        Type::Custom(name) => json!({"$ref": format!("#/$defs/{}", name.as_ref() as &str)}),
        other => panic!("a type that this test does not know: {other:?}"),
    }
}

fn object<'a>(fields: impl Iterator<Item = &'a Field<'a>>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        let name: &str = field.name().as_ref();
        properties.insert(name.to_owned(), expected(field.ty()));
        if !matches!(field.ty(), Type::Optional(_)) {
            required.push(json!(name));
        }
    }
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// Without what only people read, and with times as the numbers that they are.
fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(object) if object.get("$ref") == Some(&json!("#/$defs/time")) => {
            json!({"type": "integer"})
        }
        Value::Object(object) => {
            let told = |(key, value): (&String, &Value)| {
                let prose = key == "description" && value.is_string();
                (!prose).then(|| (key.clone(), bare(value)))
            };
            object.iter().filter_map(told).collect()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        plain => plain.clone(),
    }
}

#[test]
fn the_schema_has_the_types_of_the_interface() {
    let (schema, definition) = (schema(), read("proto/src/org.chatd.Admin.varlink"));
    let interface = Interface::try_from(definition.as_str()).expect("a valid interface");
    for ty in interface.custom_types() {
        let name: &str = ty.name().as_ref();
        let fields = ty.as_object().expect("an object").fields();
        assert_eq!(bare(&schema["$defs"][name]), object(fields), "chatctl/schema.json: {name}");
    }
    for (command, method) in [("announce", "Announce"), ("reload", "Reload"), ("check", "Check")] {
        let found = interface.methods().find(|known| known.name().as_ref() as &str == method);
        let fields = found.expect("a method").outputs();
        assert_eq!(bare(&schema["$defs"][command]), object(fields), "chatctl/schema.json: {command}");
    }
}
