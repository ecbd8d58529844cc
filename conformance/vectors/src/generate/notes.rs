//! What the flags of tests mean.

use super::super::file::Note;

/// Flag, kind of mistake, what comes of it, where it is written what is right.
const NOTES: &[(&str, &str, &str, &str)] = &[
    (
        "Valid",
        "basic",
        "What is good is refused: implementations do not understand each other.",
        "SPEC",
    ),
    (
        "Edge",
        "edge-case",
        "What is good but rare, or just beyond what is good, is taken for the other.",
        "SPEC",
    ),
    (
        "NotDeterministic",
        "encoding",
        "A message has two encodings and thus two hashes: what names it by its hash can be led astray.",
        "SPEC#messages, RFC 8949 section 4.2.1",
    ),
    (
        "Grammar",
        "encoding",
        "What is no message is read as one, or a parser fails on it.",
        "SPEC#messages",
    ),
    (
        "WrongType",
        "type-confusion",
        "A message signed or sealed for one purpose serves another.",
        "SPEC#messages, errata E3 and E14",
    ),
    (
        "UnknownVersion",
        "downgrade",
        "A message of another version is read by the rules of this one.",
        "SPEC#messages",
    ),
    (
        "WrongAccount",
        "confusion",
        "A message of one account serves in another.",
        "SPEC#messages",
    ),
    (
        "Oversized",
        "denial-of-service",
        "Whoever makes the message decides how much memory its reader takes.",
        "SPEC#messages",
    ),
    (
        "InvalidKey",
        "invalid-key",
        "A point off the curve gives away bits of the private key that it is multiplied with; a key in another form has two names.",
        "SPEC#primitives, RFC 9180 section 7.1.4, SEC 1 section 3.2.2",
    ),
    (
        "InvalidRsa",
        "invalid-key",
        "A root of another size or exponent can be forged under, or is not what the account names.",
        "SPEC#account, RFC 8230",
    ),
    (
        "ForgedSignature",
        "authentication-bypass",
        "What the signer never said is believed.",
        "SPEC#messages, RFC 9052 section 4.4",
    ),
    (
        "WrongAlgorithm",
        "algorithm-confusion",
        "Whoever makes a message chooses how it is verified.",
        "SPEC#messages",
    ),
    (
        "SignaturePadding",
        "primitive-misuse",
        "A signature of the older padding by the same key, which may sign elsewhere, is taken for PS256.",
        "SPEC#primitives, RFC 8017 section 8.2",
    ),
    (
        "PssSaltLength",
        "primitive-misuse",
        "PS256 is taken with another salt than its 32 bytes.",
        "SPEC#primitives, RFC 8230",
    ),
    (
        "MalleableSignature",
        "edge-case",
        "Both s and n − s verify: signatures name nothing.",
        "SPEC#primitives",
    ),
    (
        "TreePath",
        "authentication-bypass",
        "A message that is not under the signed tree head is believed.",
        "SPEC#statements, RFC 9162 section 2.1.3.2",
    ),
    (
        "ModifiedCiphertext",
        "missing-authentication",
        "What was altered is decrypted.",
        "SPEC#messages",
    ),
    (
        "WrongContext",
        "confusion",
        "What was sealed for one place opens at another.",
        "SPEC#messages, errata E3",
    ),
    (
        "WrongKey",
        "confusion",
        "What was sealed under one key is said to open under another.",
        "SPEC#messages",
    ),
    (
        "Passphrase",
        "basic",
        "A passphrase that its owner typed in another way derives another key.",
        "SPEC#passphrase-and-pdk, errata E20",
    ),
    (
        "WorkFactor",
        "denial-of-service",
        "Whoever makes the vault decides how much work its reader does, or how little a guesser.",
        "SPEC#passphrase-and-pdk",
    ),
    (
        "RootSwap",
        "authentication-bypass",
        "The provider's own key takes the place of the account's.",
        "SPEC#account, errata E2",
    ),
    (
        "Rollback",
        "rollback",
        "An older state is taken for the newest: what was revoked comes back.",
        "SPEC#what-the-camera-checks, errata E13",
    ),
    (
        "Fork",
        "rollback",
        "Two histories are taken for one.",
        "SPEC#what-the-camera-checks, errata E13",
    ),
    (
        "Gap",
        "rollback",
        "A state is skipped, and what it said is never heard of.",
        "SPEC#what-the-camera-checks",
    ),
    (
        "Replay",
        "replay",
        "What was accepted once is accepted again.",
        "SPEC#parts, errata E15",
    ),
    (
        "OtherRecipient",
        "authentication-bypass",
        "What was granted to one member is accepted by another.",
        "SPEC#introductions, errata E17",
    ),
    (
        "GrantedKey",
        "missing-check",
        "A key that the owner did not announce is taken for one that it did.",
        "SPEC#parts, errata E15",
    ),
    (
        "OutOfPlace",
        "missing-check",
        "Parts are taken from another statement's grants, or a part is hidden by its order.",
        "SPEC#parts",
    ),
    (
        "KeySet",
        "missing-check",
        "A camera wraps for a set of keys that no honest phone announces.",
        "SPEC#announcements",
    ),
    (
        "Window",
        "boundary",
        "A clip that does not lie in the window as a whole is wrapped or shown.",
        "SPEC#what-the-camera-does",
    ),
    (
        "LeaseBoundary",
        "boundary",
        "A suppressed revocation is kept off for longer than the lease.",
        "SPEC#lease, errata E12",
    ),
    (
        "Clock",
        "boundary",
        "Whoever sets the wall clock stretches a lease.",
        "SPEC#time",
    ),
    (
        "Expiry",
        "boundary",
        "What has ended is still taken at its end, or a moment after.",
        "SPEC#links, SPEC#pairing",
    ),
    (
        "WrongCamera",
        "confusion",
        "What one camera said or was told serves another.",
        "SPEC#announcements, SPEC#viewing",
    ),
    (
        "WrongStream",
        "confusion",
        "What is of one stream serves another.",
        "SPEC#announcements, SPEC#viewing",
    ),
    (
        "ManifestShape",
        "missing-check",
        "A viewer reads beyond what the camera recorded, or divides by what is not there.",
        "SPEC#viewing",
    ),
    (
        "Withheld",
        "omission",
        "A clip that the provider holds back does not show.",
        "SPEC#viewing, errata E5",
    ),
    (
        "Swapped",
        "confusion",
        "One object is served in place of another.",
        "SPEC#viewing",
    ),
    (
        "Prefix",
        "unverified-release",
        "Bytes are shown that no camera recorded, or a part of a clip is taken for the whole.",
        "SPEC#viewing",
    ),
    (
        "Truncated",
        "unverified-release",
        "A clip that was cut off is taken for whole.",
        "SPEC#viewing",
    ),
    (
        "LinkOrigin",
        "authentication-bypass",
        "A link's viewer is shown what no camera recorded.",
        "SPEC#links, errata E19",
    ),
    (
        "Text",
        "encoding",
        "A text that is not one is read, or fails the reader.",
        "SPEC#pairing, SPEC#contacts, SPEC#links",
    ),
    (
        "SafetyNumber",
        "authentication-bypass",
        "A key that was exchanged on the way is believed.",
        "SPEC#contacts, errata E16",
    ),
    (
        "Acknowledged",
        "rollback",
        "A revocation is shown as in effect that is not.",
        "SPEC#acknowledgement",
    ),
    (
        "LostPhone",
        "revocation",
        "A phone that was lost goes on, or its keys do.",
        "SPEC#loss",
    ),
    (
        "Revocation",
        "revocation",
        "A member who was revoked opens what comes after, or a new one what was before.",
        "SPEC#what-the-owner-does",
    ),
    (
        "Isolation",
        "confusion",
        "What was granted on one stream or for one window opens another.",
        "SPEC#what-the-camera-does",
    ),
    (
        "BareCertificate",
        "type-confusion",
        "What the account signed for one purpose serves another: the scheme as written takes it.",
        "SPEC#errata, erratum E14",
    ),
    (
        "BareGrant",
        "replay",
        "Whoever knows a public key makes a grant, and an old one is taken again: the scheme as written takes it.",
        "SPEC#errata, erratum E15",
    ),
    (
        "Restart",
        "lost-state",
        "A device forgets on a restart what it must not.",
        "SPEC#what-the-camera-does, SPEC#acknowledgement",
    ),
];

/// What a flag means.
pub fn note(flag: &str) -> Option<Note> {
    let found = NOTES.iter().find(|(name, ..)| *name == flag)?;
    let (_, bug_type, effect, reference) = *found;
    Some(Note {
        bug_type: bug_type.to_owned(),
        effect: effect.to_owned(),
        reference: reference.to_owned(),
    })
}
