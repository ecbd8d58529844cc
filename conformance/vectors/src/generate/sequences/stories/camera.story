# A camera follows the chain of announcements, and nothing else.

scene a camera that takes its offer
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x, y
  at 0s door pairs  # it takes its pairing offer

story camera.chain
  A camera takes each announcement once, and wraps for the keys of the last one alone.
  checks CLAIM-CAMERA-KEYS, SPEC#what-the-camera-checks, SPEC#acknowledgement
  flags Valid, Replay
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x, y
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 5s
  let three = announcement of x after two issued 9s
  at 0.5s door pairs                                  # it takes its pairing offer
  at 0.6s door begins x -> refused no-announcement    # nothing is announced yet
  at 1.5s door takes one -> acknowledges from clip 1  # epoch 1
  at 1.6s door takes one -> no change                 # epoch 1 again changes nothing
  at 2s door begins x                                 # a session under epoch 1
  at 3s door ends x -> clip 1 of 2s..3s under one for phone, owner, dsk  # clip 1: for the phone, the owner's key, the DSK
  at 5.5s door takes two -> acknowledges from clip 2  # epoch 2, from clip 2 on
  at 6s door begins x                                 # a session under epoch 2
  at 7s door ends x -> clip 2 of 6s..7s under two for phone, owner, dsk  # clip 2: for epoch 2's DSK, not for epoch 1's
  at 9s door takes three -> acknowledges from clip 3  # epoch 3
  at 9.1s door takes three -> no change               # epoch 3 again
  at 9.2s door begins z -> refused unknown-stream     # it has no stream z

story camera.first
  A chain starts with epoch 1 and no predecessor.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-checks
  flags Gap
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let after-something = announcement of x issued 1s but an unknown predecessor
  let zero = announcement of x issued 1s but epoch 0
  let alone = announcement of x after one issued 1s but no predecessor
  as a camera that takes its offer
  at 2s door takes two -> refused not-first              # epoch 2 before any
  at 2s door takes after-something -> refused not-first  # epoch 1 with a predecessor
  at 2s door takes zero -> refused not-first             # epoch 0
  at 2s door takes alone -> refused not-first            # epoch 2 without a predecessor
  at 2s door takes one -> acknowledges from clip 1       # epoch 1 is taken after all this
  at 2.1s door takes alone -> refused announcement-fork  # the next, without a predecessor

story camera.rollback
  An announcement that was good is served again after a later one, also after a restart.
  checks CLAIM-NO-ROLLBACK, CLAIM-REVOCATION, SPEC#what-the-camera-checks
  flags Rollback, Restart
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let three = announcement of x after two issued 3s
  as a camera that takes its offer
  at 4s door takes one -> acknowledges from clip 1                     # epoch 1
  at 4.1s door takes two -> acknowledges from clip 1                   # epoch 2
  at 4.2s door takes three -> acknowledges from clip 1                 # epoch 3
  at 4.3s door takes two -> refused announcement-rollback              # epoch 2 again: what 3 revoked would be back
  at 4.4s door takes one -> refused announcement-rollback              # epoch 1 again
  wall 60s counter 0s door restarts                                    # it is switched off and on
  wall 60s counter 0s door takes two -> refused announcement-rollback  # epoch 2 after the restart
  wall 60s counter 0s door takes three -> no change                    # epoch 3 is still in force
  wall 60s counter 0s door begins x                                    # a session
  wall 61s counter 1s door ends x -> clip 1 of 60s..61s under three for phone, owner, dsk  # wrapped for epoch 3

story camera.gap
  An announcement in the middle of the chain is withheld for a while.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-checks
  flags Gap, Withheld
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let three = announcement of x after two issued 3s
  let four = announcement of x after three issued 4s
  as a camera that takes its offer
  at 5s door takes one -> acknowledges from clip 1      # epoch 1
  at 5.1s door takes three -> refused epoch-gap         # epoch 3, while 2 is withheld
  at 5.2s door takes four -> refused epoch-gap          # epoch 4
  from 5.3s..5.4s door records x -> clip 1 under one for phone, owner, dsk  # epoch 1 is still in force
  at 5.5s door takes two -> acknowledges from clip 2    # epoch 2 comes late
  at 5.6s door takes four -> refused epoch-gap          # epoch 4 is still too far
  at 5.7s door takes three -> acknowledges from clip 2  # epoch 3
  at 5.8s door takes four -> acknowledges from clip 2   # epoch 4

story camera.fork
  Two phones, each shown an old state, make two announcements of one epoch.
  checks CLAIM-NO-FORK, SPEC#what-the-camera-checks
  flags Fork
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let other = announcement of x after one issued 2.001s
  let after-other = announcement of x after other issued 3s
  let other-first = announcement of x issued 1.001s
  let after-two = announcement of x after two issued 3s
  as a camera that takes its offer
  at 5s door takes one -> acknowledges from clip 1              # epoch 1
  at 5.05s door takes other-first -> refused announcement-fork  # another epoch 1
  at 5.1s door takes two -> acknowledges from clip 1            # epoch 2 of one phone
  at 5.2s door takes other -> refused announcement-fork         # epoch 2 of another phone, which saw an older state
  at 5.3s door takes after-other -> refused announcement-fork   # epoch 3 after the other's epoch 2
  at 5.4s door takes two -> no change                           # the first one's epoch 2 is in force
  from 5.5s..5.6s door records x -> clip 1 under two for phone, owner, dsk  # wrapped for the first one's keys
  at 5.7s door takes after-two -> acknowledges from clip 2      # epoch 3 after it

story camera.issued-backwards
  Time does not go back along the chain.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-checks
  flags Edge, Clock
  let one = announcement of x issued 5s
  let before = announcement of x after one issued 4.999s
  let same = announcement of x after one issued 5s
  as a camera that takes its offer
  at 6s door takes one -> acknowledges from clip 1     # epoch 1
  at 6s door takes before -> refused issued-backwards  # epoch 2, issued a millisecond before it
  at 6s door takes same -> acknowledges from clip 1    # epoch 2, issued at the same time

story camera.foreign
  What is not the account's word to this camera changes nothing.
  checks CLAIM-ROOT, CLAIM-CAMERA-KEYS, SPEC#what-the-camera-checks
  flags ForgedSignature, WrongAccount, WrongCamera, WrongStream, WrongType
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let of-another = two but message of another account, head of another account, root of another account
  let signed-by-another = two but root of another account
  let leaf-of-another = two but message of another account
  let altered = two but its signature altered
  let of-another-camera = two but camera key 50
  let of-z = announcement of z issued 2s
  let roster = roster
  as a camera that takes its offer
  at 3s door takes one -> acknowledges from clip 1                   # epoch 1
  at 3.1s door takes of-another -> refused invalid-signature         # epoch 2 of another account
  at 3.1s door takes signed-by-another -> refused invalid-signature  # epoch 2, signed by the provider's own root
  at 3.1s door takes leaf-of-another -> refused wrong-account        # another account's epoch 2, under this account's signature
  at 3.1s door takes altered -> refused invalid-signature            # epoch 2 with a bit of its signature changed
  at 3.1s door takes of-another-camera -> refused wrong-camera       # epoch 2, for another camera
  at 3.1s door takes of-z -> refused unknown-stream                  # the first of a stream that it does not have
  at 3.1s door takes roster -> refused wrong-type                    # a roster
  at 3.1s door takes two -> acknowledges from clip 1                 # epoch 2 itself

story camera.form
  Announcements that may not be made, under a good signature, change nothing.
  checks CLAIM-CAMERA-KEYS, SPEC#announcements
  flags KeySet, LeaseBoundary
  let one = announcement of x issued 1s
  let without-owner = announcement of x after one issued 2s but no owner key
  let without-phones = announcement of x after one issued 2s but no phones
  let empty-window = announcement of x after one issued 2s but tdsk 60 of 5ms..5ms
  let without-lease = announcement of x after one issued 2s but lease 0s
  let beyond-longest = announcement of x after one issued 2s but lease 31d+1ms
  let longest = announcement of x after one issued 2s but lease 31d
  as a camera that takes its offer
  at 3s door takes one -> acknowledges from clip 1                 # epoch 1
  at 3.1s door takes without-owner -> refused announcement-keys    # epoch 2 without the owner's stream key
  at 3.1s door takes without-phones -> refused malformed           # epoch 2 without a phone
  at 3.1s door takes empty-window -> refused announcement-keys     # epoch 2 with a window that is empty
  at 3.1s door takes without-lease -> refused lease-out-of-range   # epoch 2 without a lease
  at 3.1s door takes beyond-longest -> refused lease-out-of-range  # epoch 2 with a lease of 31 days and a millisecond
  at 3.1s door takes longest -> acknowledges from clip 1           # epoch 2 with a lease of 31 days

story camera.streams
  Each stream has its own chain, its own numbers, and its own keys.
  checks CLAIM-STREAM-ISOLATION, SPEC#announcements
  flags WrongStream, Isolation
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let one-of-y = announcement of y issued 1s
  let two-of-y = announcement of y after one-of-y issued 2s
  let crossed = announcement of y after one issued 2s
  as a camera that takes its offer
  at 3s door takes one -> acknowledges from clip 1                  # epoch 1 of x
  at 3.1s door begins y -> refused no-announcement                  # nothing is announced for y
  at 3.2s door takes crossed -> refused not-first                   # an epoch 2 of y that follows epoch 1 of x
  at 3.3s door takes one-of-y -> acknowledges from clip 1           # epoch 1 of y
  at 3.4s door takes crossed -> refused announcement-fork           # again, now that y has an epoch 1
  at 4s door begins x                                               # sessions of both at a time
  at 4s door begins y                                               # sessions of both at a time
  at 4.5s door takes two -> acknowledges from clip 1                # epoch 2 of x, while both are recorded
  at 5s door ends x -> clip 1 of 4s..5s under two for phone, owner  # x: for the owner alone, under epoch 2
  at 5s door ends y -> clip 1 of 4s..5s under one-of-y for phone, owner, dsk  # y: nothing changed; its clips have numbers of their own
  at 5.5s door takes two-of-y -> acknowledges from clip 2           # epoch 2 of y, from clip 2 on

story camera.pairing
  An offer is taken for ten minutes.
  checks CLAIM-PAIRING, SPEC#pairing
  flags Expiry, Clock
  let door = camera with key 5 for x, y
  let one = announcement of x issued 1s
  at 10min door pairs                                       # an offer that is ten minutes old is taken
  at 10min+1ms late pairs as door -> refused offer-expired  # a millisecond later it is not
  wall -5s counter 0s early pairs as door                   # a wall clock that is behind does not keep it off
  wall -5s counter 0s early tells the time -> -5s           # which tells it no other time
  at 10min door takes one -> acknowledges from clip 1       # the account's announcement is taken

story camera.root-swap
  The provider serves its own root to a camera that was just paired.
  checks CLAIM-ROOT, SPEC#account
  flags RootSwap
  let door = camera with key 5 for x, y
  at 0s door pairs with the root of another account -> refused wrong-account  # the root that the cloud serves is not the one that the offer names

story camera.switch
  An announcement comes in the middle of a session.
  checks CLAIM-REVOCATION, CLAIM-LATE-JOINER, SPEC#acknowledgement
  flags Revocation, Edge
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let three = announcement of x after two issued 3s
  as a camera that takes its offer
  at 4s door takes one -> acknowledges from clip 1                  # epoch 1
  at 5s door begins x                                               # a session under epoch 1
  at 5.1s door takes one -> no change                               # epoch 1 again: that is no change
  at 5.2s door takes three -> refused epoch-gap                     # what is refused is no change either
  at 6s door ends x -> clip 1 of 5s..6s under one for phone, owner, dsk  # for all
  at 6s door begins x                                               # a session under epoch 1
  at 6.5s door takes two -> acknowledges from clip 2                # epoch 2 comes in between
  at 7s door ends x -> clip 2 of 6s..7s under two for phone, owner  # for the owner alone: neither who leaves nor who joins
  at 7s door begins x                                               # the next session
  at 8s door ends x -> clip 3 of 7s..8s under two for phone, owner, dsk  # for all of epoch 2
  at 8s door begins x                                               # a session that is not ended
  wall 9s counter 0s door restarts                                  # the power fails: the session leaves nothing
  wall 9s counter 0s door begins x                                  # another session
  wall 10s counter 1s door ends x -> clip 4 of 9s..10s under two for phone, owner, dsk  # it has the next number

story camera.restart
  What a camera stores: the announcement in force, the numbers of its clips.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-does
  flags Restart
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  let forged = announcement of x after one issued 2s but another backup
  as a camera that takes its offer
  at 2s door takes one -> acknowledges from clip 1                      # epoch 1
  from 3s..4s door records x -> clip 1 under one for phone, owner, dsk  # clip 1
  from 5s..6s door records x -> clip 2 under one for phone, owner, dsk  # clip 2
  at 6.5s door takes two -> acknowledges from clip 3                    # epoch 2
  wall 20s counter 0s door restarts                                     # it is switched off and on
  wall 20s counter 0s door takes one -> refused announcement-rollback   # epoch 2 was not forgotten
  wall 20s counter 0s door begins x                                     # a session, without a word from the cloud
  wall 21s counter 1s door ends x -> clip 3 of 20s..21s under two for phone, owner, dsk  # clip 3: no number is given twice
  wall 22s counter 7ms door restarts                                    # off and on once more
  wall 22s counter 7ms door begins y -> refused no-announcement         # y has still none
  wall 22s counter 7ms door takes forged -> refused announcement-fork   # another epoch 2

story camera.rosters
  A camera follows one history of rosters: what was announced under another one it refuses.
  checks CLAIM-NO-FORK, CLAIM-NO-ROLLBACK, CLAIM-LOST-PHONE, SPEC#what-the-camera-checks
  flags Fork
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s but roster 3
  let behind = announcement of x after two issued 3s
  let forked = announcement of x after two issued 3s but another roster 3
  let forked-y = announcement of y issued 1s but another roster 3
  let three = announcement of x after two issued 4s but roster 3
  as a camera that takes its offer
  at 5s door takes one -> acknowledges from clip 1                 # epoch 1, under the roster from which its history begins
  at 5.1s door takes two -> refused fork                           # under roster 3, which it has not followed
  at 5.2s door takes two with roster 3 -> acknowledges from clip 1 # now it has
  at 5.3s door takes behind -> refused fork                        # back under roster 2
  at 5.4s door takes forked -> refused fork                        # under the roster 3 of a phone that was shown an old state
  at 5.5s door takes forked with another roster 3 -> refused roster-chain # that one does not follow roster 3
  at 5.7s door takes forked-y -> refused fork                      # the first of another stream, in that history
  at 5.8s door takes three -> acknowledges from clip 1             # the history goes on

story camera.tenure
  A camera takes a stream over, and another one takes it from this one.
  checks CLAIM-CAMERA-REPLACED, SPEC#replacement-and-retirement, SPEC#what-the-camera-checks
  flags Tenure, Restart
  let one = announcement of x issued 1s but camera key 50
  let two = announcement of x after one issued 2s but camera key 5, since epoch 2, since clip 3
  let three = announcement of x after two issued 3s
  let other = three but camera key 50
  let again = three but since epoch 3, since clip 4
  let fewer = three but camera key 50, since epoch 3, since clip 2
  let elsewhere = three but camera key 50, since epoch 3, since another clip 3
  let late = announcement of x after three issued 4s but camera key 50, since epoch 3, since clip 5
  let four = announcement of x after three issued 4s but camera key 50, since epoch 4, since clip 4
  let five = announcement of x after four issued 5s but camera key 5, since epoch 5, since clip 9
  as a camera that takes its offer
  at 5s door takes one -> refused wrong-camera              # the stream's first announcement names another camera
  at 5s door takes three -> refused not-first               # the one after that which names this one first
  at 5s door takes two -> acknowledges from clip 4          # from which on it counts after three clips
  from 5s..6s door records x -> clip 4 under two for phone, owner, dsk  # its first clip
  at 6s door takes other -> refused wrong-camera            # another camera, and no tenure of its own
  at 6s door takes again -> refused announcement-tenure     # a second tenure of the same camera
  at 6s door takes fewer -> refused announcement-tenure     # another camera after fewer clips than were counted
  at 6s door takes elsewhere -> refused announcement-tenure # another camera after another third clip
  at 6s door takes three -> acknowledges from clip 5        # the next one
  at 7s door takes late -> refused announcement-tenure      # a tenure that begins with an epoch that has passed
  at 7s door takes four -> relieved                         # another camera after its fourth clip
  at 8s door begins x -> refused camera-relieved            # it records no more
  at 8s door takes three -> refused camera-relieved         # nor goes back
  at 8s door takes five -> refused camera-relieved          # nor takes what would name it again
  wall 60s counter 0s door restarts                         # it is switched off and on
  wall 60s counter 0s door takes two -> refused camera-relieved  # and remembers

story camera.retired
  A camera is retired on one of its streams.
  checks CLAIM-CAMERA-REPLACED, SPEC#replacement-and-retirement
  flags Tenure
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s but no camera, since epoch 2, since clip 0
  let tacit = announcement of x after one issued 2s but no camera
  let aside = announcement of y issued 1s
  as a camera that takes its offer
  at 2s door takes two -> refused wrong-camera              # it has none, and this one names none
  at 2s door takes one -> acknowledges from clip 1          # epoch 1
  at 2s door takes tacit -> refused announcement-tenure     # no camera can be none from the first epoch on
  at 2s door takes two -> relieved                          # nobody records x
  at 3s door begins x -> refused camera-relieved            # nor does it
  at 3s door takes aside -> acknowledges from clip 1        # y goes on
  from 3s..4s door records y -> clip 1 under aside for phone, owner, dsk  # as ever
