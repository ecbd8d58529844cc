# Members: what they are given, what they open, what a provider can do about it.

scene a household
  let alice = member with key 8
  let bob = member with key 14
  given phone pairs door with key 5 for x, y
  given phone meets alice
  given phone meets bob

scene alice compares numbers
  alice starts                        # alice has a key
  alice compares the number of alice  # alice and the owner compared safety numbers

scene bob compares numbers
  bob starts                      # bob has a key
  bob compares the number of bob  # bob and the owner compared safety numbers

story member.share
  A stream is shared with one of two members: who opens what.
  checks CLAIM-CLIP-SECRECY, CLAIM-STREAM-ISOLATION, CLAIM-CLIP-ONCE, CLAIM-LATE-JOINER, SPEC#sharing
  flags Valid, Isolation, Restart
  given household 200
  as a household
  as alice compares numbers
  as bob compares numbers
  given door records x
  given phone shares x with alice
  let start = the cloud
  cloud shows start                               # the first share, not yet acknowledged
  alice reads the cloud -> 1 introduction, 1 key  # one introduction, one key
  alice reads the cloud                           # nothing is new
  alice views x 1 -> refused no-envelope          # clip 1 is from before the share
  given door obeys
  given door records x
  given door records y
  let all = the cloud
  cloud shows all                                 # the camera took it and recorded
  alice views x 2 -> shown                        # clip 2 of x
  alice views x 2 -> shown again                  # the same once more is no new event
  alice restarts                                  # alice's device is switched off and on
  alice views x 2 -> shown again                  # it remembers what it showed
  alice views y 1 -> refused nothing-granted      # y was not shared
  alice views x 3 -> refused no-such-clip         # there is no clip 3
  bob reads the cloud                             # nothing is there for bob
  bob views x 2 -> refused nothing-granted        # bob was given nothing
  phone starts                                    # phone is on the roster, and has seen nothing
  phone reads the cloud                           # the phone reads what is there
  phone views x 1 -> shown                        # the owner sees clip 1
  phone views y 1 -> shown                        # and that of y

story member.revoke
  A member is revoked and, later, given the stream again.
  checks CLAIM-REVOCATION, CLAIM-LATE-JOINER, SPEC#what-the-owner-does, SPEC#acknowledgement
  flags Revocation, Acknowledged
  given household 201
  as a household
  as alice compares numbers
  as bob compares numbers
  given phone shares x with alice, bob
  given door obeys
  given door records x
  let before = the cloud
  cloud shows before                                       # x is shared with both
  alice reads the cloud -> 1 introduction, 1 key           # alice has a key
  bob reads the cloud -> 1 introduction, 1 key             # bob has it, too
  alice views x 1 -> shown                                 # alice opens clip 1
  bob views x 1 -> shown                                   # bob does, too
  given phone revokes x from alice as revoked
  given door records x as held-back
  cloud shows revoked and held-back                        # alice is revoked, and the camera has not heard of it
  phone starts                                             # phone is on the roster, and has seen nothing
  phone reads the cloud                                    # the phone reads what is there
  phone lists the streams -> x 3 announced, y 1 in effect  # the revocation is not in effect
  alice reads the cloud                                    # no new key for alice
  bob reads the cloud -> 1 key                             # a new one for bob
  alice views x 2 -> shown                                 # until the camera hears of it, alice opens what it records
  given door obeys as acknowledged
  given door records x as after
  cloud shows acknowledged and after                       # the camera acknowledges, and records
  phone lists the streams -> x 3 in effect, y 1 in effect  # now the revocation is in effect
  alice views x 3 -> refused no-envelope                   # alice opens nothing more
  alice views x 1 -> shown again                           # what was seen stays seen
  bob views x 3 -> shown                                   # bob goes on
  given phone shares x with alice as anew
  given door obeys as obeyed
  given door records x as recorded
  cloud shows anew and obeyed and recorded                 # alice is given x again
  alice reads the cloud -> 1 key                           # a key for alice
  alice views x 4 -> shown                                 # what is recorded from now on
  alice views x 3 -> refused no-envelope                   # and nothing of the time between
  bob reads the cloud -> 1 key                             # bob's next key
  bob views x 4 -> shown                                   # bob sees clip 4 as well

story member.late
  Keys rotate; one member comes late, another was offline.
  checks CLAIM-LATE-JOINER, CLAIM-STREAM-KEYS, SPEC#announcements
  flags Revocation, Valid
  given household 202
  as a household
  as alice compares numbers
  as bob compares numbers
  given phone shares x with alice
  given door obeys
  given door records x
  given phone rotates x
  given door obeys
  given door records x
  given phone rotates x
  given door obeys
  given door records x
  given phone shares x with bob
  given door obeys
  given door records x
  let all = the cloud
  cloud shows all                                  # three epochs for alice, a fourth with bob
  alice reads the cloud -> 1 introduction, 4 keys  # alice was offline and catches up
  bob reads the cloud -> 1 introduction, 1 key     # bob has the last key alone
  alice views x 1 -> shown                         # alice opens it
  alice views x 2 -> shown                         # alice opens it
  alice views x 3 -> shown                         # alice opens it
  alice views x 4 -> shown                         # alice opens it
  bob views x 1 -> refused no-envelope             # from before bob's first epoch
  bob views x 2 -> refused no-envelope             # from before bob's first epoch
  bob views x 3 -> refused no-envelope             # from before bob's first epoch
  bob views x 4 -> shown                           # bob opens what was recorded since

story member.window
  A stream is shared for a window.
  checks CLAIM-WINDOW, SPEC#sharing
  flags Window
  given household 203
  as a household
  as alice compares numbers
  given phone shares x with alice for 0s..2.5s
  given door obeys
  given door records x
  given door records x
  given door records x
  given door records x
  let all = the cloud
  cloud shows all                                 # a window of two and a half seconds, four clips of one
  alice reads the cloud -> 1 introduction, 1 key  # the TDSK
  alice views x 1 -> shown                        # the first second
  alice views x 2 -> shown                        # the second one
  alice views x 3 -> refused no-envelope          # it spans the end of the window
  alice views x 4 -> refused no-envelope          # after the window
  phone starts                                    # phone is on the roster, and has seen nothing
  phone reads the cloud                           # the phone reads what is there
  phone views x 3 -> shown                        # the owner sees all

story member.every-stream
  A member with every stream is given those that come later.
  checks CLAIM-NEW-STREAMS, SPEC#what-the-owner-does
  flags Valid
  given household 204
  as a household
  as alice compares numbers
  given phone shares x with alice and every stream to come
  given door obeys
  given door records y
  let before = the cloud
  cloud shows before                               # alice is given every stream
  alice reads the cloud -> 1 introduction, 2 keys  # a key for x and one for y
  alice views y 1 -> shown                         # y as well
  given phone pairs hall with key 15 for z as later
  given hall obeys as obeyed
  given hall records z as recorded
  cloud shows later and obeyed and recorded        # a second camera is paired
  alice reads the cloud -> 1 key                   # its stream's key, without being asked
  alice views z 1 -> shown                         # its first clip

story member.touch
  A member is met by touch.
  checks CLAIM-GRANT-AGREEMENT, CLAIM-GRANT-ONCE, SPEC#contacts
  flags Valid, Replay
  given household 205
  as a household
  alice starts                    # alice's device
  given phone shares x with alice by touch handing over touch
  alice is touched with touch     # the owner's phone is held to hers
  alice is touched with touch     # once more: it says the same
  given door obeys
  given door records x
  let all = the cloud
  cloud shows all                 # x is shared with alice by touch
  alice reads the cloud -> 1 key  # the key, without an introduction
  alice views x 1 -> shown        # clip 1
  alice restarts                  # the device is switched off and on
  alice reads the cloud           # nothing is accepted twice
  alice views x 1 -> shown again  # seen before

story member.pin
  A member pins an account only where the numbers agree.
  checks CLAIM-ROOT, SPEC#contacts
  flags SafetyNumber
  given household 205
  as a household
  alice starts                                     # alice's device
  alice compares the number of alice backwards -> refused safety-number  # the numbers differ: a key was exchanged on the way
  alice compares nothing -> refused safety-number  # nothing was read out
  alice compares the number of alice               # they agree
  alice compares the number of alice               # once more changes nothing

story member.introduction
  An introduction comes late, again, and to another member.
  checks CLAIM-GRANT-ONCE, CLAIM-GRANT-OWN, SPEC#introductions
  flags Replay, OtherRecipient, Withheld
  given household 206
  as a household
  as alice compares numbers
  as bob compares numbers
  given phone shares x with alice
  given door obeys
  given door records x
  let all = the cloud
  cloud shows all without introductions/                               # the provider holds the introduction back
  alice reads the cloud                                                # no introduction, no key
  alice views x 1 -> refused nothing-granted                           # and nothing to see
  cloud shows introductions/ of all                                    # the introduction comes late
  alice reads the cloud -> 1 introduction, 1 key                       # it is accepted, and the key found
  alice views x 1 -> shown                                             # clip 1
  cloud shows introductions/ of all at introductions/{alice}/00000002  # it comes again under another number
  alice reads the cloud -> refused introduction-replayed               # it was accepted before
  cloud removes introductions/ of all at introductions/{alice}/00000002  # and goes
  cloud shows introductions/ of all at introductions/{bob}/00000001    # alice's introduction is served to bob
  bob reads the cloud -> refused not-recipient                         # it is for another member
  bob views x 1 -> refused nothing-granted                             # bob has nothing

story member.forged-introduction
  The provider introduces itself in the account's name.
  checks CLAIM-GRANT-AGREEMENT, SPEC#introductions
  flags ForgedSignature
  given household 206
  as a household
  as alice compares numbers
  given phone shares x with alice
  given door obeys
  given door records x
  let all = the cloud
  let forged = introduction of alice number 9 by another account
  cloud shows /root of all and forged at introductions/{alice}/00000009  # the provider makes an introduction itself
  alice reads the cloud -> refused invalid-signature  # the account did not sign it

story member.provider
  The provider is a third party: it opens what it was granted.
  checks CLAIM-THIRD-PARTY, SPEC#what-the-owner-does
  flags Isolation
  given household 208
  as a household
  let provider = member with key 16
  provider starts                                    # provider has a key
  provider compares the number of provider           # provider and the owner compared safety numbers
  given phone meets provider
  given phone shares y with provider
  given door obeys
  given door records x
  given door records y
  let all = the cloud
  cloud shows all                                    # y is shared with the provider as a third party
  provider reads the cloud -> 1 introduction, 1 key  # the key of y
  provider views y 1 -> shown                        # a feature that needs y has it
  provider views x 1 -> refused nothing-granted      # although it runs the cloud, x stays shut

story member.past
  A window that has passed is shared.
  checks CLAIM-PAST-WINDOW, SPEC#past-windows
  flags Window
  given household 209
  as a household
  as alice compares numbers
  given door records x
  given door records x
  given door records x
  given door records x
  given phone shares y with alice
  given door obeys
  let before = the cloud
  cloud shows before                               # four clips of x, and y shared with alice
  alice reads the cloud -> 1 introduction, 1 key   # the key of y
  alice views x 1 -> refused nothing-granted       # x was not shared
  given phone shares the past of x 0s..2.5s with alice as shared
  cloud shows shared                               # the first two and a half seconds of x are
  alice reads the cloud -> 1 key                   # the TDSK of the past window
  alice views x 1 -> shown                         # the first clip
  alice views x 2 -> shown                         # the second
  alice views x 3 -> refused no-envelope           # it spans the end of the window
  alice views x 4 -> refused no-envelope           # after the window
  cloud shows past/ of shared at past/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff  # the same share under another name
  alice reads the cloud -> refused grant-replayed  # the key was accepted before
  cloud removes past/ of shared at past/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff  # and it goes
  let mistake = past share of shared for alice until 0.5s listing clip 4
  cloud shows mistake                              # the owner's mistake: a share that lists a clip from outside its window
  alice reads the cloud -> 1 key                   # the key of that share
  alice views x 4 -> refused outside-window        # the clip does not lie in the window

story member.past-elsewhere
  A share of a past window lies in another place.
  checks CLAIM-PAST-WINDOW, CLAIM-GRANT-ONCE, SPEC#past-windows
  flags Swapped, Replay
  given household 216
  as a household
  as alice compares numbers
  given door records x
  given phone shares y with alice
  given door obeys
  let before = the cloud
  cloud shows before                               # a clip of x, and y shared with alice
  alice reads the cloud -> 1 introduction, 1 key   # the key of y
  given phone shares the past of x 0s..2.5s with alice as shared
  cloud shows shared without past/ and past/ of shared at past/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff  # a share of x's past, under another name than its own
  alice reads the cloud -> 1 key                   # it is as good as in its place
  alice views x 1 -> shown                         # and opens the clip
  alice reads the cloud -> refused grant-replayed  # it was accepted before, and lies elsewhere

story member.rosters
  The provider shows a member an announcement that goes back behind the roster of the one before.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-checks
  flags Fork
  given household 200
  as a household
  as alice compares numbers
  given phone shares x with alice
  let start = the cloud
  let last = announcement announcements/x/00000002 of start
  let behind = last but epoch 3, roster 2, after last, issued 90s
  cloud shows start                                # x is shared with alice
  alice reads the cloud -> 1 introduction, 1 key   # one introduction, one key
  cloud shows behind at announcements/x/00000003   # the next announcement names an older roster
  alice reads the cloud -> refused fork            # it is not taken
