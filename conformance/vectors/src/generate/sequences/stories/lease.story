# Leases: shared keys serve until they end, whatever is withheld.

scene a paired camera
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x, y
  at 0s door pairs  # it takes its pairing offer

scene a camera under epoch 1
  let one = announcement of x issued 0s
  as a paired camera
  at 1s door takes one -> acknowledges from clip 1  # epoch 1, with a lease of an hour

story lease.end
  Sessions around the end of the lease. One that spans it is for the owner alone.
  checks CLAIM-LEASE, SPEC#lease, SPEC#what-the-camera-does
  flags LeaseBoundary
  as a camera under epoch 1
  from 1h-2s..1h-1ms door records x -> clip 1 under one for phone, owner, dsk  # it ends a millisecond before the lease
  from 1h-1ms..1h door records x -> clip 2 under one for phone, owner, dsk  # it ends with the lease
  from 1h..1h+1ms door records x -> clip 3 under one for phone, owner  # it ends a millisecond after the lease: for the owner alone
  from 1h+1ms..1h+1s door records x -> clip 4 under one for phone, owner  # it lies after the lease: the owner is recorded for all the same

story lease.extension
  A phone extends the lease before its end, after it, and during a session.
  checks CLAIM-LEASE, SPEC#lease
  flags Valid, LeaseBoundary
  as a camera under epoch 1
  at 2s door takes lease of one by phone until 1h+10s       # the phone extends it by ten seconds
  from 1h..1h+1ms door records x -> clip 1 under one for phone, owner, dsk  # after the old end: for all
  from 1h+9s..1h+10s door records x -> clip 2 under one for phone, owner, dsk  # until the new end: for all
  from 1h+10s..1h+10.001s door records x -> clip 3 under one for phone, owner  # a millisecond after it: for the owner alone
  at 1h+40s door takes lease of one by phone until 1h+70s   # after the end it is extended once more
  from 1h+40s..1h+41s door records x -> clip 4 under one for phone, owner, dsk  # for all
  at 1h+69s door begins x                                   # a session that goes on beyond the lease
  at 1h+71s door takes lease of one by phone until 1h+130s  # it is extended while the session lasts
  at 1h+72s door ends x -> clip 5 of 1h+69s..1h+72s under one for phone, owner, dsk  # for all: it ends no later than the lease

story lease.refused
  Extensions by others, for others, or of something else.
  checks CLAIM-LEASE, SPEC#lease
  flags ForgedSignature, WrongCamera, WrongStream, WrongAccount
  let one = announcement of x issued 0s
  let forked = announcement of x issued 1ms
  as a paired camera
  at 0.1s door takes lease of one by phone until 1h+1s -> refused lease-stale  # nothing is in force yet
  at 1s door takes one -> acknowledges from clip 1                     # epoch 1, with a lease of an hour
  at 2s door takes lease of one by key 51 until 1h+1s -> refused lease-key  # by a key that is not announced
  at 2s door takes lease of one by key 51 until 1h+1s but naming phone -> refused invalid-signature  # it names the phone's key and was signed by another
  at 2s door takes lease of one by key 5 until 1h+1s -> refused lease-key  # by the camera's own key
  at 2s door takes lease of forked by phone until 1h+1s -> refused lease-stale  # for another announcement of this epoch
  at 2s door takes lease of one by phone until 1h+1s but camera key 50 -> refused wrong-camera  # for another camera
  at 2s door takes lease of one by phone until 1h+1s but stream z -> refused unknown-stream  # for a stream that it does not have
  at 2s door takes lease of one by phone until 1h+1s but stream y -> refused lease-stale  # for its other stream, which has no announcement
  at 2s door takes lease of one by phone until 1h+1s but of another account -> refused wrong-account  # for another account, by the same key
  from 1h..1h+1ms door records x -> clip 1 under one for phone, owner  # the lease was not extended
  at 1h+2ms door takes lease of one by phone until 1h+1s               # the phone's own word extends it
  from 1h+2ms..1h+1s door records x -> clip 2 under one for phone, owner, dsk  # for all

story lease.limit
  How far a lease may be extended: later than it is, and at most 31 days from the camera's time.
  checks CLAIM-LEASE, SPEC#lease
  flags LeaseBoundary
  as a camera under epoch 1
  at 10s door takes lease of one by phone until 1h-1ms -> refused lease-shorter  # shorter than the lease in force
  at 10s door takes lease of one by phone until 1h -> refused lease-shorter  # as long as the lease in force
  at 10s door takes lease of one by phone until 1h+1ms           # a millisecond longer
  at 10s door takes lease of one by phone until 1h+1ms -> refused lease-shorter  # the same again
  at 10s door takes lease of one by phone until 31d+10.001s -> refused lease-out-of-range  # 31 days and a millisecond from now
  at 10s door takes lease of one by phone until 31d+10s          # 31 days from now
  at 10.001s door takes lease of one by phone until 31d+10.001s  # a millisecond later one may go a millisecond further
  at 10.002s door takes lease of one by phone until 1h+5ms -> refused lease-shorter  # the earlier ones are over
  from 31d+9.999s..31d+10.001s door records x -> clip 1 under one for phone, owner, dsk  # until the end of the longest: for all
  from 31d+10.001s..31d+10.002s door records x -> clip 2 under one for phone, owner  # after it: for the owner alone

story lease.next-epoch
  An extension does not outlive the announcement that it is for.
  checks CLAIM-LEASE, CLAIM-REVOCATION, SPEC#lease
  flags Replay, LeaseBoundary
  as a camera under epoch 1
  let two = announcement of x after one issued 5s
  at 2s door takes lease of one by phone until 30h  # epoch 1's lease is extended by more than a day
  at 6s door takes two -> acknowledges from clip 1  # epoch 2, with a lease of an hour from its time of issue
  at 6.1s door takes lease of one by phone until 30h -> refused lease-stale  # epoch 1's extension again
  from 1h+4.999s..1h+5s door records x -> clip 1 under two for phone, owner, dsk  # until the end of epoch 2's own lease
  from 1h+5s..1h+5.001s door records x -> clip 2 under two for phone, owner  # what was extended was epoch 1's: for the owner alone

story lease.held-back
  An announcement is held back for longer than its lease.
  checks CLAIM-LEASE, SPEC#lease
  flags Withheld, LeaseBoundary
  as a camera under epoch 1
  let two = announcement of x after one issued 5s
  from 3h..3h+1ms door records x -> clip 1 under one for phone, owner  # the provider is silent: after epoch 1's lease, for the owner alone
  at 3h+2ms door takes two -> acknowledges from clip 2                 # epoch 2 arrives after its own lease: it is in force
  from 3h+2ms..3h+3ms door records x -> clip 2 under two for phone, owner  # its lease is over already
  at 3h+4ms door takes lease of two by phone until 4h                  # a phone extends it
  from 3h+4ms..3h+5ms door records x -> clip 3 under two for phone, owner, dsk  # members are served again

story lease.lost-phone
  A lost phone is neither wrapped for nor may it extend a lease.
  checks CLAIM-LOST-PHONE, SPEC#lease, SPEC#loss
  flags LostPhone
  as a paired camera
  let tablet = phone with keys 52 and 53
  let one = announcement of x issued 0s but phone tablet
  let two = announcement of x after one issued 5s
  at 1s door takes one -> acknowledges from clip 1                      # epoch 1 lists a phone and a tablet
  at 2s door takes lease of one by tablet until 1h+1ms                  # the tablet extends the lease
  from 2s..3s door records x -> clip 1 under one for phone, tablet, owner, dsk  # wrapped for both
  at 6s door takes two -> acknowledges from clip 2                      # the tablet was lost: epoch 2 lists the phone alone
  at 6.1s door takes lease of two by tablet until 2h -> refused lease-key  # the tablet extends the lease
  from 7s..8s door records x -> clip 2 under two for phone, owner, dsk  # wrapped for the phone, not for the tablet
  at 8.1s door takes lease of two by phone until 2h                     # the phone extends it

story lease.restart
  A camera stores the end of its lease.
  checks CLAIM-LEASE, SPEC#lease
  flags Restart, LeaseBoundary
  as a camera under epoch 1
  at 2s door takes lease of one by phone until 1h+10s  # the phone extends it by ten seconds
  wall 1h+1s counter 0s door restarts                  # it is switched off and on, after the old end
  wall 1h+1s counter 0s door begins x                  # a session
  wall 1h+2s counter 1s door ends x -> clip 1 of 1h+1s..1h+2s under one for phone, owner, dsk  # the extension was not forgotten
  wall 1h+2.1s counter 1.1s door takes lease of one by phone until 1h+10s -> refused lease-shorter  # it extends nothing more
  wall 1h+9.999s counter 8.999s door begins x          # a session that spans the end
  wall 1h+10.001s counter 9.001s door ends x -> clip 2 of 1h+9.999s..1h+10.001s under one for phone, owner  # for the owner alone
