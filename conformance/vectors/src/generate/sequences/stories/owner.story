# Acts of the owner that cannot be done, and an upload that is interrupted.

scene x is shared with alice
  let alice = member with key 8
  let bob = member with key 14
  given phone pairs door with key 5 for x, y
  given phone meets alice
  given phone meets bob
  given phone shares x with alice
  given door obeys
  given door records x
  let all = the cloud

story owner.acts
  Acts that cannot be done are refused and change nothing; others are done.
  checks CLAIM-GRANT-AGREEMENT, CLAIM-PAIRING, SPEC#what-the-owner-does, SPEC#loss
  flags Edge, Window, SafetyNumber
  given household 260
  as x is shared with alice
  cloud shows all                                                       # x is shared with alice
  phone starts                                                          # phone is on the roster, and has seen nothing
  phone reads the cloud                                                 # the phone reads what is there
  at 10s phone shares x with bob by the number of alice -> refused safety-number  # the safety number is another member's
  at 10s phone shares x with alice under the key of bob by the number of bob -> refused already-member  # another key under alice's name
  at 10s phone shares x with bob for 20s..20s -> refused window-empty   # a window that is empty
  at 10s phone shares x with bob for 30s..20s -> refused window-empty   # a window that ends before it begins
  at 10s phone shares x with bob for 0s..10s -> refused window-empty    # a window that has passed
  at 10s phone shares z with bob -> refused unknown-stream              # a stream that is not there
  at 10s phone revokes x from bob -> refused unknown-member             # a member who is none
  at 10s phone revokes y from alice -> refused nothing-granted          # a stream that alice was not given
  at 10s phone shares the past of x 1970..1970+1ms with alice -> refused no-clips  # a window without a clip
  at 10s phone shares the past of x 1970+1ms..1970+1ms with alice -> refused window-empty  # a window that is empty
  at 10s phone shares the past of x 1970..10s with bob -> refused unknown-member  # a member who is none
  at 10s phone loses tablet -> refused unknown-phone                    # a phone that is not on the roster
  at 10s phone loses phone -> refused last-phone                        # the only phone that there is
  at 10s phone pairs hall with key 15 for z, x -> refused stream-taken  # a camera whose stream's name is taken
  phone lists the streams -> x 2 in effect, y 1 in effect               # nothing was done
  at 10s phone shares y with bob                                        # y is shared with bob
  phone lists the streams -> x 2 in effect, y 2 announced               # announced, not yet in effect
  bob starts                                                            # bob has a key
  bob compares the number of bob                                        # bob and the owner compared safety numbers
  bob reads the cloud -> 1 introduction, 1 key                          # bob has the key that the same program made
  at 20s phone revokes y from bob                                       # and it is taken from him
  phone lists the streams -> x 2 in effect, y 3 announced               # a third epoch
  bob reads the cloud                                                   # with nothing for bob

story owner.offer
  A camera's reply is taken for ten minutes after the offer, by the phone's clock, wherever that has gone.
  checks CLAIM-PAIRING, SPEC#pairing
  flags Expiry, Clock
  given household 262
  as x is shared with alice
  cloud shows all                                                       # an account
  phone starts                                                          # phone is on the roster, and has seen nothing
  phone reads the cloud                                                 # the phone reads what is there
  at 30d phone pairs hall with key 15 for z offered 0s -> refused offer-expired  # a reply a month later
  at 10min+1ms phone pairs hall with key 15 for z offered 0s -> refused offer-expired  # a millisecond too late
  at 0s phone pairs hall with key 15 for z offered 30d -> refused offer-expired  # the phone's clock went back by a month
  at 0s phone pairs hall with key 15 for z offered 10min+1ms -> refused offer-expired  # a millisecond too far back
  phone lists the streams -> x 2 in effect, y 1 in effect               # nothing was done
  at 10min phone pairs hall with key 15 for z offered 0s                # ten minutes later
  at 9min phone pairs porch with key 17 for v offered 0s -> refused offer-used  # another camera has read the same offer
  at 20min phone pairs attic with key 16 for w offered 30min            # the clock went back by ten minutes
  phone lists the streams -> w 1 announced, x 2 in effect, y 1 in effect, z 1 announced  # both are paired

story owner.cameras
  A camera takes another one's place only as the owner says, and is retired once.
  checks CLAIM-CAMERA-REPLACED, SPEC#replacement-and-retirement
  flags Tenure, Edge
  given household 264
  as x is shared with alice
  let gate = camera with key 15 for x, y
  cloud shows all                                                                      # x is shared with alice, and has a clip
  phone starts                                                                         # phone is on the roster, and has seen nothing
  phone reads the cloud                                                                # the phone reads what is there
  at 10s phone replaces hall by key 15 for x, y -> refused wrong-camera                # no camera is called so
  at 10s phone replaces door by key 15 for x -> refused unknown-stream                 # it records x alone
  at 10s phone replaces door by key 15 for x, z -> refused unknown-stream              # another stream in place of y
  at 10s phone replaces door by key 15 for x, y, z -> refused unknown-stream           # a stream more
  at 10s phone replaces door by key 15 for x, y counting 2 of x -> refused no-such-clip  # one more than there are
  at 10s phone replaces door by key 15 for x, y counting 1 of z -> refused unknown-stream  # a clip of a stream that is not there
  at 10s phone retires hall -> refused wrong-camera                                    # no camera is called so
  at 10s phone retires door counting 2 of x -> refused no-such-clip                    # one more than there are
  at 30d phone replaces door by key 15 for x, y offered 0s -> refused offer-expired    # a reply a month later
  phone lists the streams -> x 2 in effect, y 1 in effect                              # nothing was done
  at 20s phone replaces door by key 15 for x, y counting 1 of x                        # another camera takes door's place
  phone lists the streams -> x 3 announced, y 2 announced                              # its first announcements
  at 20.5s gate pairs                                                                  # the camera that does
  at 21s gate reads the cloud -> takes x 3, takes y 2                                  # goes on with both streams
  phone lists the streams -> x 3 in effect, y 2 in effect                              # and says so
  phone views x 1 -> shown                                                             # the clip that counts
  alice starts                                                                         # alice has a key
  alice compares the number of alice                                                   # alice and the owner compared safety numbers
  alice reads the cloud -> 1 introduction, 2 keys                                      # a key of each of its epochs
  alice views x 1 -> shown                                                             # the clip that counts
  at 30s phone retires door counting 0 of x -> refused no-such-clip                    # what was counted once counts
  at 30s phone retires door counting 1 of x                                            # nothing counts of the camera that took the place
  phone lists the streams -> x 4 announced, y 3 announced                              # nobody will say that it is in effect
  at 40s phone retires door -> refused wrong-camera                                    # it is retired

story owner.records
  In the place of the record that a loss has made of a member the provider shows another history's, by the lost phone.
  checks CLAIM-LOST-PHONE, SPEC#the-owners-records
  flags LostPhone
  given household 265
  let alice = member with key 8
  let bob = member with key 14
  given phone pairs door with key 5 for x, y
  given phone meets alice
  given phone meets bob
  given phone shares x with alice
  given phone enrolls tablet
  given door obeys
  let before = the cloud
  given tablet shares x with bob as other
  given the cloud is set back to before
  given phone loses tablet
  given door obeys
  let all = the cloud
  cloud shows all                                       # tablet is lost, and alice has a new record
  phone starts                                          # phone is on the roster, and has seen nothing
  cloud shows members/00000002 of other                 # bob's, of another history
  phone reads the cloud                                 # the phone reads what is there
  at 10s phone shares y with alice -> refused fork      # alice's record from before the loss is the latest that is shown
  cloud shows members/00000002 of all                   # alice's
  at 10s phone shares y with alice                      # by the record that the loss has made

story owner.kept-unlocked
  A phone that was ever kept unlocked is not dropped as if that were enough: it can reach the signing key.
  checks CLAIM-LOST-PHONE, SPEC#loss
  flags LostPhone
  given household 263
  as x is shared with alice
  given phone enrolls second
  given phone enrolls third
  given second keeps itself unlocked
  let kept = the cloud
  cloud shows kept                                   # three phones, of which the second is kept unlocked
  phone starts                                       # phone is on the roster, and has seen nothing
  phone reads the cloud                              # the phone reads what is there
  at 10s phone loses second -> refused phone-unlocked  # a new account must take this one's place
  cloud removes unlock/ of kept                      # the provider says that it never was
  at 11s phone loses second -> refused phone-unlocked  # the roster tells
  at 12s phone loses third                           # another phone is dropped

story owner.withheld
  The provider withholds the owner's records.
  checks SPEC#store, SPEC#the-owners-records
  flags Withheld
  given household 260
  as x is shared with alice
  cloud shows all without backups/                             # everything but the backups
  phone starts                                                 # phone is on the roster, and has seen nothing
  phone reads the cloud                                        # the phone reads what is there
  at 10s phone revokes x from alice -> refused object-missing  # who holds what cannot be known
  cloud shows backups/ of all                                  # the backups are back
  at 10s phone revokes x from alice                            # now it can be done

story store.once
  What is written once is not written over.
  checks CLAIM-RESUME, SPEC#store
  flags Replay
  given household 261
  cloud takes "one" at account/vault/00000002                      # a vault is written
  cloud takes "one" at account/vault/00000002                      # the same bytes again
  cloud takes "two" at account/vault/00000002 -> refused conflict  # other bytes: another phone was first
  cloud takes "" at account/vault/00000002 -> refused conflict     # no bytes

story camera.resume
  A camera is switched off before it uploads, and in the middle of a session.
  checks CLAIM-RESUME, SPEC#what-the-camera-does
  flags Restart, Oversized
  given household 262
  given phone pairs door with key 5 for x
  let all = the cloud
  cloud shows all                                                   # the account
  at 0s door pairs                                                  # it takes its pairing offer
  at 1s door reads the cloud -> takes x 1                           # the camera takes the announcement
  at 2s door begins x                                               # a session
  door writes "clip 1 of x" to x                                    # bytes
  let one = announcement announcements/x/00000001 of all
  at 3s door ends x -> clip 1 of 2s..3s under one for phone, owner  # clip 1 is stored, not uploaded
  at 4s door restarts                                               # the camera is switched off and on
  door uploads -> 1 clip                                            # it uploads what it owes
  door uploads -> 0 clips                                           # and nothing twice
  at 4.5s door begins x                                             # a session
  door writes 16 MiB of zeros to x                                  # 16 MiB
  door writes 16 MiB of zeros to x                                  # 16 MiB
  door writes 16 MiB of zeros to x                                  # 16 MiB
  door writes 16 MiB of zeros to x                                  # 16 MiB
  door writes a zero to x -> refused session-full                   # a byte more than 64 MiB
  at 4.6s door restarts                                             # it is switched off, and the session is gone
  at 5s door begins x                                               # a session
  door writes "lost" to x                                           # bytes
  at 6s door restarts                                               # it is switched off in the middle of a session
  door uploads -> 0 clips                                           # which leaves nothing
  at 7s door begins x                                               # the next session
  door writes "clip 2 of x" to x                                    # bytes
  at 8s door ends x -> clip 2 of 7s..8s under one for phone, owner  # its number is the next one
  door uploads -> 1 clip                                            # it is uploaded
  let reached = checkpoint of x at one
  door hands over its checkpoint -> reached                         # it names what it follows
  phone starts                                                      # phone is on the roster, and has seen nothing
  phone reads the cloud                                             # the phone reads what is there
  at 9s phone extends x until 32d+9s -> refused lease-out-of-range  # more than 31 days from now
  at 9s phone extends x until 20d+9s                                # the phone extends the lease
  at 9.5s door reads the cloud -> extends x                         # the camera takes it
  phone views x 1 -> shown                                          # the owner sees clip 1
  phone views x 2 -> shown                                          # and clip 2

story owner.fresh
  A phone that is not alone pairs a camera: nothing shows that its view of the account is recent.
  checks CLAIM-LOST-PHONE, SPEC#freshness
  flags Stale
  given household 246
  given phone pairs door with key 5 for x
  given phone enrolls tablet
  let all = the cloud
  cloud shows all                                                            # two phones
  phone starts                                                               # phone is on the roster, and has seen nothing
  phone reads the cloud                                                      # it reads what is there
  at 10s phone pairs hall with key 15 for z without evidence -> refused not-fresh  # tablet may have lost a phone since
  at 10s phone pairs hall with key 15 for z                                  # the owner says that the view is recent
  phone lists the streams -> x 2 announced, z 1 announced                      # it is paired
