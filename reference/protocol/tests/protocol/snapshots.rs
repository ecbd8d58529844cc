//! Every message, byte for byte, from fixed keys and a fixed seed: a change of the format shows
//! here. Signatures of the account are left out, since their salt and blinding are drawn by another
//! crate; those of cameras and phones are deterministic (RFC 6979).

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::{self, Announcement, Kind, StreamKey, Tenure};
use encryptediot::camera::Recorded;
use encryptediot::cbor::{self, Bytes};
use encryptediot::checkpoint::Checkpoint;
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::contact::{self, Card};
use encryptediot::crypto::{KemSecret, RsaSigningKey, SecretBytes, SigningKey};
use encryptediot::error::ErrorKind;
use encryptediot::grant::{self, Holding, Member};
use encryptediot::keys::{self, MemberId, member_id};
use encryptediot::lease::{self, Lease};
use encryptediot::link::{self, Link, Source};
use encryptediot::message::{self, AccountId, Hash};
use encryptediot::pairing::{self, Offer, Reply};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::{PastClip, PastShare};
use encryptediot::roster::{self, CameraEntry, PhoneKeys, Private};
use encryptediot::segment::{Sealer, SessionKey};
use encryptediot::statement::{self, SignedStatement};
use encryptediot::vault::{self, Pdk, Ring, Work};
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;

/// The account signing key of these tests, PKCS #8 in hexadecimal: no build of any crate finds
/// other primes.
use encryptediot_testkit::keys::ACCOUNT as ROOT;

/// Everything that is fixed.
struct Fixed {
    root: RsaSigningKey,
    account: AccountId,
    ring: Ring,
    camera: SigningKey,
    lease: SigningKey,
    instance: KemSecret,
    member: KemSecret,
    owner_key: KemSecret,
    dsk: KemSecret,
    tdsk: KemSecret,
}

fn fixed() -> Fixed {
    let root = hex::decode(ROOT.split_whitespace().collect::<String>()).unwrap();
    let root = RsaSigningKey::from_pkcs8(&root).unwrap();
    let kem = |byte| KemSecret::from_bytes(&[byte; 32]).unwrap();
    let signing = |byte| SigningKey::from_bytes(&[byte; 32]).unwrap();
    Fixed {
        account: keys::account_id(root.public()),
        root,
        ring: Ring {
            keys: vec![SecretBytes::new([1; 32]), SecretBytes::new([2; 32])],
            predecessors: vec![(Bytes([3; 32]), vec![SecretBytes::new([4; 32])])],
        },
        camera: signing(5),
        lease: signing(6),
        instance: kem(7),
        member: kem(8),
        owner_key: kem(9),
        dsk: kem(10),
        tdsk: kem(11),
    }
}

/// CBOR in diagnostic notation (RFC 8949 section 8), an item of the outermost two arrays to a line.
fn diagnostic(bytes: &[u8]) -> String {
    let text = minicbor::display(bytes).to_string();
    let (mut out, mut depth, mut quoted) = (String::new(), 0_usize, false);
    for c in text.chars() {
        match c {
            '"' | '\'' => quoted = !quoted,
            '[' | '{' | '(' if !quoted => depth += 1,
            ']' | '}' | ')' if !quoted => depth -= 1,
            _ => {}
        }
        out.push(c);
        if c == ',' && depth <= 2 && !quoted {
            out.push('\n');
        }
    }
    out.lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect()
}

/// `COSE_Sign1`: the whole, and the message in it.
fn sign1(bytes: &[u8]) -> String {
    let payload = encryptediot::cose::unverified_payload(bytes).unwrap();
    format!("{}\nmessage:\n{}", diagnostic(bytes), diagnostic(&payload))
}

fn alice() -> keys::Name {
    n("alice")
}

fn statement_of(camera: &SigningKey) -> Hash {
    message::hash(camera.verifying_key().as_bytes())
}

fn announced(f: &Fixed) -> Announcement {
    let key = |kind, window, key: &KemSecret| StreamKey {
        kind,
        window,
        public: key.public(),
    };
    Announcement {
        camera: Some(f.camera.verifying_key()),
        stream: n("x"),
        epoch: 2,
        previous: Some(Bytes([12; 32])),
        issued: START,
        lease: 604_800_000,
        phones: vec![phone_keys(f)],
        keys: vec![
            key(Kind::Owner, None, &f.owner_key),
            key(Kind::Dsk, None, &f.dsk),
            key(Kind::Tdsk, Some(window(START, 1_000)), &f.tdsk),
        ],
        backup: Bytes([13; 32]),
        shard_bits: 0,
        roster: ROSTER,
        since: Tenure::FIRST,
    }
}

/// The roster under which statements are made.
const ROSTER: roster::Head = roster::Head {
    number: 2,
    hash: Bytes([15; 32]),
};

fn phone_keys(f: &Fixed) -> PhoneKeys {
    PhoneKeys {
        instance: f.instance.public(),
        lease: f.lease.verifying_key(),
    }
}

/// A session of 70,000 bytes, two segments, wrapped for the phone and the DSK.
fn recorded(f: &Fixed) -> (Manifest, Vec<u8>, SessionKey, Vec<u8>) {
    let mut rng = rng(14);
    let (clip, key) = (Bytes([15; 16]), SessionKey::new([16; 16]));
    let plain: Vec<u8> = (0..70_000_u32).map(|i| (i % 251) as u8).collect();
    let context = clip::segment_context(&f.account, &clip);
    let mut sealer = Sealer::new(&key, context, Vec::new());
    sealer.write(&plain).unwrap();
    let sealed = sealer.finish().unwrap();
    let under = message::hash(&message::encode(&f.account, announced(f)));
    let mut wrap = |role, to: &KemSecret| {
        let to = to.public();
        clip::wrap(
            &f.account,
            &n("x"),
            &under,
            &clip,
            role,
            &to,
            &key,
            &mut rng,
        )
        .unwrap()
    };
    let envelopes = vec![wrap(Role::Instance, &f.instance), wrap(Role::Dsk, &f.dsk)];
    let manifest = Manifest {
        camera: f.camera.verifying_key(),
        stream: n("x"),
        sequence: 3,
        previous: Some(Bytes([17; 32])),
        announcement: under,
        clip,
        start: START,
        end: START + 1_000,
        length: sealed.length,
        segments: sealed.hashes,
        envelopes,
    };
    (manifest, sealed.body, key, plain)
}

#[test]
fn root() {
    let f = fixed();
    let bytes = keys::encode_root(f.root.public());
    insta::assert_snapshot!(format!("account {}\n{}", f.account, diagnostic(&bytes)));
}

#[test]
fn vault() {
    let f = fixed();
    let words = "abandon ability able about above absent absorb abstract absurd abuse";
    let passphrase = Passphrase::parse(words).unwrap();
    let mut rng = rng(18);
    let pdk = Pdk::derive(&passphrase, Work::LEAST, &mut rng).unwrap();
    let bytes = vault::seal(2, &pdk, &f.root, &f.ring, &mut rng).unwrap();
    assert!(vault::open(&f.account, &passphrase, &bytes).is_ok());
    insta::assert_snapshot!(diagnostic(&bytes));
}

#[test]
fn ring() {
    insta::assert_snapshot!(diagnostic(&fixed().ring.to_bytes()));
}

#[test]
fn roster() {
    let f = fixed();
    let draft = roster::Draft {
        number: 2,
        previous: Some(Bytes([19; 32])),
        issued: START,
        phones: vec![(n("phone"), phone_keys(&f))],
        cameras: vec![CameraEntry {
            name: n("door"),
            key: Some(f.camera.verifying_key()),
            streams: ns(&["x", "y"]),
        }],
        private: Private {
            members: 3,
            all_streams: vec![member_id(&f.member.public())],
            unlocked: Vec::new(),
        },
    };
    let bytes = draft.message(&f.account, &f.ring, &mut rng(20)).unwrap();
    insta::assert_snapshot!(diagnostic(&bytes));
}

#[test]
fn announcement() {
    let f = fixed();
    insta::assert_snapshot!(diagnostic(&message::encode(&f.account, announced(&f))));
}

/// Three statements under one signature: the second, with its path.
#[test]
fn statement() {
    let f = fixed();
    let leaves: Vec<Vec<u8>> = (1..=3)
        .map(|epoch| {
            message::encode(
                &f.account,
                Announcement {
                    epoch,
                    ..announced(&f)
                },
            )
        })
        .collect();
    let signed = statement::sign_all(&f.root, &f.account, leaves, &mut rng(21)).unwrap();
    assert!(announcement::open(f.root.public(), &f.account, &signed[1]).is_ok());
    let statement: SignedStatement = cbor::decode(&signed[1]).unwrap();
    let hash = message::hash(&statement.leaf);
    let head = payload_of(&statement.head);
    let signature = statement.head.len() - head.len();
    insta::assert_snapshot!(format!(
        "leaf's hash {hash}\nindex {}\npath {:?}\nhead, and {signature} bytes of COSE around it:\n{}",
        statement.index,
        statement.path,
        diagnostic(&head),
    ));
}

/// The payload of a `COSE_Sign1`, whatever the algorithm.
fn payload_of(signed: &[u8]) -> Vec<u8> {
    let sign1: coset::CoseSign1 = coset::TaggedCborSerializable::from_tagged_slice(signed).unwrap();
    sign1.payload.unwrap()
}

#[test]
fn introduction() {
    let f = fixed();
    let (introduction, pairwise) =
        grant::introduce(&f.account, &f.member.public(), 3, &mut rng(22)).unwrap();
    let pairwise = Bytes(*pairwise.as_bytes());
    let bytes = message::encode(&f.account, introduction);
    insta::assert_snapshot!(format!("pairwise key {pairwise}\n{}", diagnostic(&bytes)));
}

#[test]
fn grants() {
    let f = fixed();
    let statement = statement_of(&f.camera);
    let part = |pairwise, index, key| {
        grant::part(&SecretBytes::new([pairwise; 32]), &statement, index, key).unwrap()
    };
    let parts = vec![
        part(23, 1, &f.dsk),
        part(24, 1, &f.dsk),
        part(24, 2, &f.tdsk),
    ];
    let shards: String = grant::shards(&statement, 1, parts)
        .into_iter()
        .map(|shard| diagnostic(&message::encode(&f.account, shard)))
        .collect();
    insta::assert_snapshot!(shards);
}

#[test]
fn member() {
    let f = fixed();
    let member = Member {
        number: 3,
        generation: f.ring.generation(),
        name: alice(),
        key: f.member.public(),
        pairwise: SecretBytes::new([25; 32]),
    };
    let bytes = grant::seal_member(&f.account, &f.ring, &member, &mut rng(26)).unwrap();
    insta::assert_snapshot!(diagnostic(&bytes));
}

#[test]
fn backup() {
    let f = fixed();
    let held = |secret: &KemSecret, members: &[MemberId]| Holding {
        secret: secret.clone(),
        members: members.to_vec(),
    };
    let held = [
        held(&f.owner_key, &[]),
        held(&f.dsk, &[member_id(&f.member.public())]),
    ];
    let sealed = grant::seal_backup(&f.account, &f.ring, &n("x"), &held, &mut rng(27));
    let (hash, bytes) = sealed.unwrap();
    insta::assert_snapshot!(format!("hash {hash}\n{}", diagnostic(&bytes)));
}

#[test]
fn past_share() {
    let f = fixed();
    let (manifest, _, key, _) = recorded(&f);
    let hash = message::hash(&message::encode(&f.account, manifest.clone()));
    let (to, clip) = (f.tdsk.public(), manifest.clip);
    let (x, role, rng) = (n("x"), Role::Past, &mut rng(28));
    let envelope = clip::wrap(&f.account, &x, &hash, &clip, role, &to, &key, rng).unwrap();
    let share = PastShare {
        stream: x,
        issued: START,
        window: window(START, 2_000),
        key: to,
        clips: vec![PastClip {
            sequence: 3,
            manifest: hash,
            envelope,
        }],
        backup: Bytes([29; 32]),
        shard_bits: 0,
        roster: ROSTER,
    };
    insta::assert_snapshot!(diagnostic(&message::encode(&f.account, share)));
}

#[test]
fn lease() {
    let f = fixed();
    let lease = Lease {
        camera: f.camera.verifying_key(),
        stream: n("x"),
        announcement: statement_of(&f.camera),
        key: f.lease.verifying_key(),
        until: START + 1,
    };
    let bytes = lease::sign(&f.lease, &f.account, lease).unwrap();
    insta::assert_snapshot!(sign1(&bytes));
}

#[test]
fn acknowledgement() {
    let f = fixed();
    let ack = Acknowledgement {
        camera: f.camera.verifying_key(),
        stream: n("x"),
        epoch: 2,
        announcement: statement_of(&f.camera),
        first: 4,
        time: START,
        roster: ROSTER,
    };
    let bytes = encryptediot::cose::sign(&f.camera, message::encode(&f.account, ack)).unwrap();
    insta::assert_snapshot!(sign1(&bytes));
}

#[test]
fn manifest() {
    let f = fixed();
    let (manifest, body, ..) = recorded(&f);
    let bytes = clip::sign(&f.camera, &f.account, manifest).unwrap();
    let body = (body.len(), Bytes(encryptediot::crypto::sha256(&body)));
    insta::assert_snapshot!(format!("body {body:?}\n{}", sign1(&bytes)));
}

/// What a camera keeps of a clip until it is uploaded.
#[test]
fn spooled_clip() {
    let spooled = Recorded {
        stream: n("x"),
        sequence: 3,
        clip: Bytes([30; 16]),
        manifest: vec![31],
        body: (),
    };
    insta::assert_snapshot!(diagnostic(&cbor::encode(&spooled)));
}

#[test]
fn link() {
    let f = fixed();
    let link = Link::generate(f.account, &mut rng(33)).unwrap();
    let (manifest, _, key, plain) = recorded(&f);
    let source = Source {
        manifest: clip::sign(&f.camera, &f.account, manifest).unwrap(),
        key,
        plaintext: plain.into(),
    };
    let root = keys::encode_root(f.root.public());
    let statements = vec![b"a statement".to_vec()];
    let until = START + 1;
    let made = link::make(&link, until, root, statements, vec![source], &mut rng(34)).unwrap();
    let hashes: Vec<_> = made
        .bodies
        .iter()
        .map(|body| Bytes(encryptediot::crypto::sha256(body)))
        .collect();
    let index = diagnostic(&made.index);
    insta::assert_snapshot!(format!("{}\nbodies {hashes:?}\n{index}", link.to_text()));
}

#[test]
fn pairing() {
    let f = fixed();
    let offer = Offer::new(f.account, START, &mut rng(35));
    let reply = Reply {
        camera: f.camera.verifying_key(),
        streams: ns(&["x", "y"]),
    };
    let sealed = pairing::seal_reply(&offer, &reply, &mut rng(36)).unwrap();
    insta::assert_snapshot!(format!(
        "{}\nid {}\nreply:\n{}sealed:\n{}",
        offer.to_text(),
        offer.id(),
        diagnostic(&cbor::encode(&reply)),
        diagnostic(&sealed),
    ));
}

#[test]
fn contact() {
    let f = fixed();
    let card = Card::new(alice(), f.member.public());
    let touch = contact::encode_proximity(&f.account, 3, &SecretBytes::new([37; 32]));
    insta::assert_snapshot!(format!(
        "card: {}\n{}safety number: {}\ntouch, {} bytes: {}\n{}",
        card.to_text(),
        diagnostic(&cbor::encode(&card)),
        contact::safety_number(&f.account, &f.member.public()),
        touch.len(),
        contact::proximity_text(&touch),
        diagnostic(&touch),
    ));
}

#[test]
fn checkpoint() {
    let f = fixed();
    let head = announcement::Head {
        epoch: 2,
        hash: Bytes([38; 32]),
        issued: START,
    };
    let checkpoint = Checkpoint {
        roster: Some(roster::Head {
            number: 2,
            hash: Bytes([39; 32]),
        }),
        streams: vec![(n("x"), head)],
    };
    let bytes = message::encode(&f.account, checkpoint.clone());
    let text = checkpoint.to_text(&f.account);
    insta::assert_snapshot!(format!("{text}\n{}", diagnostic(&bytes)));
}

#[test]
fn passphrases() {
    let three: Vec<_> = (40..43)
        .map(|seed| Passphrase::generate(&mut rng(seed)))
        .collect();
    let words: Vec<_> = three.iter().map(Passphrase::words).collect();
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn reasons() {
    let all: Vec<_> = ErrorKind::all()
        .map(|error| format!("{}: {error}", error.reason()))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}
