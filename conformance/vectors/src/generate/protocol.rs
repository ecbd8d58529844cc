//! Conversations between a runner and a program, line by line: the vectors of the protocol itself.

use encryptediot_shim::protocol::{HELLO, hello};
use serde_json::{Map, Value, json};

use super::super::Result;
use super::builder::hexed;
use super::world::World;

/// Where they lie.
pub const PATH: &str = "protocol/conversations.json";

/// One conversation: a program that is started anew says all this.
struct Conversation {
    name: &'static str,
    comment: &'static str,
    exchanges: Vec<Value>,
}

impl Conversation {
    /// One that begins as every one does.
    fn new(name: &'static str, comment: &'static str) -> Self {
        let exchanges = Vec::new();
        Self {
            name,
            comment,
            exchanges,
        }
        .says(HELLO, hello(), json!({ "result": "accept" }))
    }

    /// Adds a request and what its answer must hold.
    fn says(mut self, operation: &str, input: Value, mut answer: Value) -> Self {
        let id = self.exchanges.len();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("id".to_owned(), id.into());
        }
        let request = json!({ "id": id, "operation": operation, "input": input });
        self.exchanges
            .push(json!({ "request": request, "answer": answer }));
        self
    }
}

/// The page of conversations.
///
/// # Errors
/// If the world of the vectors cannot be made.
pub fn page(world: &World) -> Result<Value> {
    let point = *world.member.public().as_bytes();
    let id = hexed(&encryptediot::crypto::sha256(&point)[..16]);
    let (accept, error) = (json!({ "result": "accept" }), json!({ "result": "error" }));
    let rejected = json!({ "result": "reject", "reason": "invalid-key" });
    let good = json!({ "point": hexed(point) });
    let member = json!({ "device": "alice", "key": hexed([7; 32]) });
    let alice = || json!({ "device": "alice" });
    let conversations = [
        Conversation::new("hello", "The first request, and nothing else."),
        Conversation::new("answers", "A result, a refusal, and what nobody does.")
            .says(
                "key-id",
                good.clone(),
                json!({ "result": "accept", "output": { "id": id } }),
            )
            .says("key-id", json!({ "point": "04" }), rejected)
            .says(
                "no-such-operation",
                json!({}),
                json!({ "result": "unsupported" }),
            )
            .says(
                "key-id",
                good,
                json!({ "result": "accept", "output": { "id": id } }),
            ),
        Conversation::new(
            "no-sense",
            "Inputs that no vector has are errors, not refusals, and the program goes on.",
        )
        .says("key-id", json!({}), error.clone())
        .says("key-id", json!({ "point": "4" }), error.clone())
        .says("key-id", json!({ "point": "zz" }), error.clone()),
        Conversation::new(
            "state",
            "What was made is there until `reset`, and no longer.",
        )
        .says("member-restart", alice(), error.clone())
        .says("member-new", member, accept.clone())
        .says("member-restart", alice(), accept.clone())
        .says("reset", json!({}), accept)
        .says("member-restart", alice(), error),
    ];
    let all: Map<String, Value> = conversations
        .into_iter()
        .map(|c| {
            let about = json!({ "comment": c.comment, "exchanges": c.exchanges });
            (c.name.to_owned(), about)
        })
        .collect();
    Ok(Value::Object(all))
}
