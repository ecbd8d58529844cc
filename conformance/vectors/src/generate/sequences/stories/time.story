# A camera's time only moves forward, whatever the wall clock says.

scene a camera
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x, y

scene a camera under epoch 1
  as a camera
  let one = announcement of x issued 0s
  at 0s door pairs                                  # it takes its pairing offer
  at 1s door takes one -> acknowledges from clip 1  # epoch 1, with a lease of an hour

story time.back
  The wall clock jumps back or stands still: a lease cannot be stretched so.
  checks CLAIM-LEASE, SPEC#time
  flags Clock, LeaseBoundary
  as a camera under epoch 1
  at 10s door tells the time -> 10s                       # both clocks agree
  wall 2s counter 15s door tells the time -> 15s          # the wall clock is set back: the counter goes on
  wall 0s counter 15.001s door tells the time -> 15.001s  # further back
  wall 0s counter 15.001s door tells the time -> 15.001s  # both stand still: so does the time
  wall 16s counter 15.5s door tells the time -> 16s       # the wall clock is ahead again: it counts
  wall 0s counter 1h-2s door begins x                     # set back for good, just before the end of the lease
  wall 0s counter 1h-1s door ends x -> clip 1 of 1h-1.5s..1h-0.5s under one for phone, owner, dsk  # the lease is not over
  wall 0s counter 1h-501ms door begins x                  # a session that ends just after the lease
  wall 0s counter 1h-499ms door ends x -> clip 2 of 1h-1ms..1h+1ms under one for phone, owner  # the lease ends although the wall clock stands still

story time.forward
  The wall clock jumps forward: leases end early, and the time does not come back.
  checks CLAIM-LEASE, SPEC#time
  flags Clock
  as a camera under epoch 1
  from 2s..3s door records x -> clip 1 under one for phone, owner, dsk  # for all
  at 4s door begins x                                                   # a session
  wall 1h+1ms counter 5s door ends x -> clip 2 of 4s..1h+1ms under one for phone, owner  # the wall clock jumps beyond the lease: for the owner alone
  at 6s door tells the time -> 1h+1.001s                                # it is set right: the time does not go back
  at 7s door begins x                                                   # a session
  at 8s door ends x -> clip 3 of 1h+2.001s..1h+3.001s under one for phone, owner  # the lease stays over
  at 9s door takes lease of one by phone until 1h+60s                   # a lease beyond the new time serves again
  at 10s door begins x                                                  # a session
  at 11s door ends x -> clip 4 of 1h+5.001s..1h+6.001s under one for phone, owner, dsk  # for all

story time.restart
  After a restart the time goes on from what was stored.
  checks CLAIM-LEASE, SPEC#time
  flags Clock, Restart
  as a camera under epoch 1
  from 9s..10s door records x -> clip 1 under one for phone, owner, dsk  # its end is stored
  at 0s door restarts                                        # off and on; the wall clock has lost its time
  at 0s door tells the time -> 10s                           # it starts from the stored time
  wall 0s counter 5s door tells the time -> 15s              # and goes on with the counter
  wall 0s counter 6s door begins x                           # a session
  wall 0s counter 7s door ends x -> clip 2 of 16s..17s under one for phone, owner, dsk  # its end is stored
  wall 60s counter 3ms door restarts                         # off for a while; the wall clock tells for how long
  wall 60s counter 3ms door tells the time -> 60s            # the wall clock is ahead of what was stored
  wall 60s counter 1.003s door tells the time -> 61s         # and the counter counts from where it started
  wall 0s counter 2.003s door begins x                       # a session
  wall 0s counter 3.003s door ends x -> clip 3 of 62s..63s under one for phone, owner, dsk  # its end is stored
  wall 0s counter 4000000s door restarts                     # off and on; the counter starts from anything
  wall 0s counter 4000000s door tells the time -> 63s        # nothing has passed by it
  wall 0s counter 4000000.01s door tells the time -> 63.01s  # it counts from there

story time.signed
  What others sign tells a camera no time: neither its time nor a lease of another stream depends on a phone's clock.
  checks CLAIM-WINDOW, CLAIM-LEASE, SPEC#time
  flags Clock, Window
  as a camera under epoch 1
  let two = announcement of x after one issued 2s but tdsk 60 of 1d..2d
  let ahead = announcement of y issued 1d+1h
  let forged = announcement of y after ahead issued 1h but head of another account, root of another account
  at 3s door takes two -> acknowledges from clip 1 at 3s             # epoch 2 of x, with tomorrow's window
  at 4s door takes ahead -> acknowledges from clip 1 at 4s           # epoch 1 of y, by a phone whose clock is a day ahead
  at 5s door takes forged -> refused invalid-signature               # what is forged tells no time either
  at 5s door tells the time -> 5s                                    # the camera's own
  from 6s..7s door records x -> clip 1 under two for phone, owner, dsk  # tomorrow's window is not open, and x's lease not over
  at 1h+3s door begins y                                             # y: the lease counts from when it was taken
  at 1h+4s door ends y -> clip 1 of 1h+3s..1h+4s under ahead for phone, owner, dsk  # until its end, for all
  from 1h+4s..1h+4.001s door records y -> clip 2 under ahead for phone, owner  # a millisecond later for the owner alone

story time.year-ahead
  A phone whose clock is a year ahead stretches no lease, and the next announcement is no worse for it.
  checks CLAIM-LEASE, SPEC#lease
  flags Clock, LeaseBoundary
  as a camera
  let one = announcement of x issued 365d
  let two = announcement of x after one issued 365d
  at 0s door pairs                                          # it takes its pairing offer
  at 1s door takes one -> acknowledges from clip 1 at 1s    # epoch 1, with a lease of an hour
  at 2s door takes lease of one by phone until 365d -> refused lease-out-of-range  # nor does it extend it by a year
  from 1h..1h+1s door records x -> clip 1 under one for phone, owner, dsk  # until an hour after it was taken
  from 1h+1s..1h+1.001s door records x -> clip 2 under one for phone, owner  # and no longer
  at 2h door takes two -> acknowledges from clip 3 at 2h    # epoch 2, which is not issued before epoch 1
  from 3h-1s..3h door records x -> clip 3 under two for phone, owner, dsk  # an hour from then
  from 3h..3h+1ms door records x -> clip 4 under two for phone, owner  # and no longer

story time.no-clock
  A camera without a clock ends leases by the counter, from its offer on.
  checks CLAIM-LEASE, SPEC#time
  flags Clock, LeaseBoundary, Withheld, Restart
  as a camera
  let one = announcement of x issued 0s
  let two = announcement of x after one issued 10s
  wall 1970 counter 0s door pairs                                     # it takes its offer
  wall 1970 counter 0s door tells the time -> 1970                    # its time is its own
  wall 1970 counter 1s door takes one -> acknowledges from clip 1 at 1970+1s  # epoch 1, with a lease of an hour
  wall 1970 counter 3599s door begins x                               # just before the end of the lease
  wall 1970 counter 3600s door ends x -> clip 1 of 1970+3599s..1970+3600s under one for phone, owner, dsk  # it ends with the lease: for all
  wall 1970 counter 3600s door begins x                               # a session
  wall 1970 counter 3600.001s door ends x -> clip 2 of 1970+3600s..1970+3600.001s under one for phone, owner  # a millisecond later it is over
  wall 1970 counter 0s door restarts                                  # off and on
  wall 1970 counter 0s door begins x                                  # a session
  wall 1970 counter 1s door ends x -> clip 3 of 1970+3600.001s..1970+3601.001s under one for phone, owner  # it stays over
  wall 1970 counter 20s door takes two -> acknowledges from clip 4 at 1970+3620.001s  # epoch 2 was held back for longer than its lease
  wall 1970 counter 20s door begins x                                 # a session
  wall 1970 counter 21s door ends x -> clip 4 of 1970+3620.001s..1970+3621.001s under two for phone, owner  # it is over when it arrives
  wall 1970 counter 22s door takes lease of two by phone until 2h     # a phone extends it
  wall 1970 counter 22s door begins x                                 # a session
  wall 1970 counter 23s door ends x -> clip 5 of 1970+3622.001s..1970+3623.001s under two for phone, owner, dsk  # members are served again

story time.correction
  The owner sets a clock back that was once ahead. A correction is obeyed once, whenever it comes.
  checks CLAIM-WINDOW, CLAIM-LEASE, SPEC#correction
  flags Clock, Replay, WrongCamera, RootSwap, Restart
  as a camera under epoch 1
  let two = announcement of x after one issued 4s but tdsk 60 of 100s..200s
  wall 1d counter 2s door tells the time -> 1d                        # the wall clock is a day ahead, for a moment
  at 3s door tells the time -> 1d+1s                                  # it is right again, the time stays
  at 4s door takes correction 2 of 1d -> refused clock-gap            # the second before the first
  at 4s door takes correction 0 of 1d -> refused clock-replayed       # there is no number 0
  at 4s door takes correction 1 of 1d but camera key 50 -> refused wrong-camera  # for another camera
  at 4s door takes correction 1 of 1d but root of another account -> refused invalid-signature  # by another account
  at 4s door tells the time -> 1d+2s                                  # what is refused changes nothing
  at 5s door takes correction 1 of 1d                                 # the owner's, which came late: by how much, and not to what
  at 6s door tells the time -> 6s                                     # it is not before the wall clock
  at 7s door takes correction 1 of 1d -> refused clock-replayed       # again
  at 7s door restarts                                                 # off and on
  at 7s door takes correction 1 of 1d -> refused clock-replayed       # it has not forgotten
  at 8s door takes two -> acknowledges from clip 1                    # epoch 2, with a window in a while
  from 9s..10s door records x -> clip 1 under two for phone, owner, dsk  # members are served again
  from 100s..101s door records x -> clip 2 under two for phone, owner, dsk, tdsk 60  # and the window opens when it should
  wall 0s counter 110s door takes correction 2 of 5s                  # the next one, with the wall clock held back
  wall 0s counter 110s door tells the time -> 105s                    # the counter's time is less by so much
  wall 0s counter 110s door takes correction 3 of 99999d              # more than there is
  wall 0s counter 110s door tells the time -> 0s                      # not before the wall clock

story time.correction-lease
  A correction leaves of each lease what is left of it, and opens no session.
  checks CLAIM-LEASE, SPEC#correction
  flags Clock, LeaseBoundary, Edge
  as a camera under epoch 1
  wall 30min counter 2s door tells the time -> 30min                  # the wall clock is half an hour ahead: so much of the lease is gone
  wall 0s counter 2s door takes correction 1 of 1h                    # the owner sets it back, by more than it was ahead
  wall 0s counter 2s door tells the time -> 0s                        # to the start
  wall 0s counter 1801s door begins x                                 # half an hour later
  wall 0s counter 1802s door ends x -> clip 1 of 30min-1s..30min under one for phone, owner, dsk  # the lease lasts
  wall 0s counter 1802s door begins x                                 # a session
  wall 0s counter 1802.001s door ends x -> clip 2 of 30min..30min+1ms under one for phone, owner  # until half an hour is over, as was left of it
  wall 3h counter 1803s door begins x                                 # a session, the wall clock being ahead
  wall 0s counter 1804s door takes correction 2 of 3h                 # the clock is set back while it lasts
  wall 0s counter 1805s door takes lease of one by phone until 2h     # and the lease extended
  wall 0s counter 1806s door ends x -> clip 3 of 3s..3s under one for phone, owner  # for the owner alone, and it does not end before it begins
  wall 0s counter 1806s door begins x                                 # a session
  wall 0s counter 1807s door ends x -> clip 4 of 3s..4s under one for phone, owner, dsk  # for all

story time.correction-synced
  A camera finds its corrections in the cloud, before anything else.
  checks CLAIM-WINDOW, SPEC#correction, SPEC#store
  flags Clock, Edge
  given household 261
  given phone pairs door with key 5 for x
  given phone sets the clock of door back by 1d as first
  given phone sets the clock of door back by 2d as second
  let both = the cloud
  cloud shows both                                                    # two corrections, of a day and of two
  at 0s door pairs                                                    # it takes its pairing offer
  wall 4d counter 1s door tells the time -> 4d                        # its wall clock is days ahead
  wall 0s counter 2s door reads the cloud -> takes x 1                # both are obeyed
  wall 0s counter 2s door tells the time -> 1d+1s                     # three days less
  wall 0s counter 2s door reads the cloud                             # once
  wall 0s counter 2s door tells the time -> 1d+1s                     # and no more

story time.paired
  A camera counts from its pairing on.
  checks CLAIM-WINDOW, SPEC#time
  flags Clock
  as a camera
  wall 5s counter 0s door pairs                   # a camera takes its offer
  wall 0s counter 60s door tells the time -> 65s  # the wall clock is set back at once: the counter goes on from the time of pairing

story time.window
  Who sets the wall clock forward opens a window early, and can open it only once.
  checks CLAIM-WINDOW, SPEC#time
  flags Clock, Window
  as a camera
  let one = announcement of x issued 0s but tdsk 60 of 600s..700s
  at 0s door pairs                                                      # it takes its pairing offer
  at 1s door takes one -> acknowledges from clip 1                      # epoch 1, with a window in ten minutes
  from 2s..3s door records x -> clip 1 under one for phone, owner, dsk  # before the window
  wall 600s counter 4s door begins x                                    # the wall clock is set forward, into the window
  wall 4s counter 5s door ends x -> clip 2 of 600s..601s under one for phone, owner, dsk, tdsk 60  # it opens early: footage is stamped with the camera's time
  wall 5s counter 103.999s door begins x                                # the wall clock is right again, the time stays ahead
  wall 105s counter 104s door ends x -> clip 3 of 699.999s..700s under one for phone, owner, dsk, tdsk 60  # the window lasts as long as it should
  wall 105s counter 104s door begins x                                  # a session
  wall 105.001s counter 104.001s door ends x -> clip 4 of 700s..700.001s under one for phone, owner, dsk  # and does not open again
  wall 650s counter 105s door begins x                                  # when the window comes by the right time
  wall 651s counter 106s door ends x -> clip 5 of 701s..702s under one for phone, owner, dsk  # it is over
