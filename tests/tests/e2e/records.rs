//! What a program prints for programs, against its schema and against what it printed before.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Of which program, and what the schema's names of its commands begin with.
pub struct Records {
    pub program: &'static str,
    pub prefix: &'static str,
}

pub fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// The schema as it is for the objects of today: without what may come.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut now: serde_json::Map<String, Value> =
                object.iter().map(|(key, value)| (key.clone(), closed(value))).collect();
            if object.contains_key("required") {
                now.insert("additionalProperties".into(), json!(false));
            }
            if let Some(words) = object.get("examples") {
                now.insert("enum".into(), words.clone());
            }
            now.into()
        }
        Value::Array(items) => items.iter().map(closed).collect(),
        plain => plain.clone(),
    }
}

/// Whether all that was there before is there now, of the same type. What kind something is must be the same.
fn covers(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => before.iter().all(|(key, value)| {
            now.get(key).is_some_and(|found| {
                covers(found, value) && (!matches!(&**key, "kind" | "event" | "deed") || found == value)
            })
        }),
        (Value::Array(now), Value::Array(before)) => {
            before.iter().all(|before| now.iter().any(|now| covers(now, before)))
        }
        (now, before) => std::mem::discriminant(now) == std::mem::discriminant(before),
    }
}

impl Records {
    fn directory(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.program)
    }

    pub fn assert_valid(&self, command: &str, object: &Value) {
        let file = std::fs::read_to_string(self.directory().join("schema.json")).expect("a schema");
        let mut schema = closed(&serde_json::from_str(&file).expect("JSON"));
        schema["$ref"] = json!(format!("#/$defs/{}{command}", self.prefix));
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        let errors: Vec<String> = validator.iter_errors(object).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}/schema.json, {command}: {errors:?} in {object}", self.program);
    }

    /// Holds what a command printed to the schema and to the recorded output, which is itself held to the schema.
    pub fn assert_same(&self, command: &str, record: &str, output: &str) {
        let path = self.directory().join("golden").join(record).with_extension("jsonl");
        let recorded =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (now, before) = (objects(output), objects(&recorded));
        now.iter().chain(&before).for_each(|object| self.assert_valid(command, object));
        for before in &before {
            let found = now.iter().any(|now| covers(now, before));
            assert!(found, "{}: nothing printed has all of {before}, but only\n{output}", path.display());
        }
    }
}
