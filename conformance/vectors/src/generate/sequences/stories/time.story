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

story time.least
  A camera whose wall clock is far behind learns the time from what the account signed.
  checks SPEC#time
  flags Clock
  as a camera
  let one = announcement of x issued 20s
  let two = announcement of x after one issued 40s
  let forged = two but issued 1h, head of another account, root of another account
  wall 1970 counter 0s door pairs                                       # a camera without a clock takes its offer
  wall 1970 counter 0s door tells the time -> 0s                        # it is at least the offer's time
  wall 1970 counter 1s door tells the time -> 1s                        # the counter goes on from there
  wall 1970 counter 2s door takes one -> acknowledges from clip 1 at 20s  # epoch 1: it is at least its time of issue
  wall 1970 counter 3s door takes forged -> refused invalid-signature   # what is forged tells no time
  wall 1970 counter 4s door tells the time -> 22s                       # the counter goes on
  wall 1970 counter 5s door takes two -> acknowledges from clip 1 at 40s  # epoch 2
  wall 1970 counter 6s door takes one -> refused announcement-rollback  # epoch 1 again
  wall 1970 counter 7s door tells the time -> 42s                       # which sets nothing back
  wall 1970 counter 7s door begins x                                    # a session
  wall 1970 counter 8s door ends x -> clip 1 of 42s..43s under two for phone, owner, dsk  # stamped with the camera's time

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
