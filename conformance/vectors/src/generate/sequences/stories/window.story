# Whom a camera wraps sessions for around the ends of windows.

scene a camera
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x, y
  at 0s door pairs  # it takes its pairing offer

scene a camera with a DSK and a window
  as a camera
  let one = announcement of x issued 0s but tdsk 60 of 100s..200s
  at 1s door takes one -> acknowledges from clip 1  # epoch 1, with a DSK and a window

story window.inside
  A session is wrapped for a TDSK if it lies in its window as a whole.
  checks CLAIM-WINDOW, SPEC#what-the-camera-does
  flags Window
  as a camera with a DSK and a window
  from 90s..99.999s door records x -> clip 1 under one for phone, owner, dsk  # before the window
  from 99.999s..100s door records x -> clip 2 under one for phone, owner, dsk  # it ends as the window starts
  from 100s..101s door records x -> clip 3 under one for phone, owner, dsk, tdsk 60  # it starts with the window
  from 101s..199s door records x -> clip 4 under one for phone, owner, dsk, tdsk 60  # inside it
  from 199s..199.999s door records x -> clip 5 under one for phone, owner, dsk, tdsk 60  # it ends a millisecond before the window's end
  from 199.999s..200s door records x -> clip 6 under one for phone, owner, dsk, tdsk 60  # it ends at the window's end
  from 200s..200s door records x -> clip 7 under one for phone, owner, dsk, tdsk 60  # an empty session at the window's end lies in it as a whole
  from 200s..200.001s door records x -> clip 8 under one for phone, owner, dsk  # it starts at the window's end
  from 200.001s..201s door records x -> clip 9 under one for phone, owner, dsk  # after the window

story window.spanning
  A session that spans the start or the end of a window is not for its TDSK.
  checks CLAIM-WINDOW, SPEC#what-the-camera-does
  flags Window
  as a camera with a DSK and a window
  from 99.999s..150s door records x -> clip 1 under one for phone, owner, dsk  # it starts a millisecond before the window
  from 150s..200.001s door records x -> clip 2 under one for phone, owner, dsk  # it ends a millisecond after the window

story window.covering
  A session that is longer than the window on both sides is not for its TDSK.
  checks CLAIM-WINDOW, SPEC#what-the-camera-does
  flags Window
  as a camera with a DSK and a window
  from 99.999s..200.001s door records x -> clip 1 under one for phone, owner, dsk  # it spans the window as a whole

story window.several
  Windows that overlap and touch: each counts by itself.
  checks CLAIM-WINDOW, SPEC#what-the-camera-does
  flags Window, Isolation
  as a camera
  let one = announcement of x issued 0s but no dsk, tdsk 60 of 100s..200s, tdsk 61 of 100s..300s, tdsk 62 of 200s..300s
  at 1s door takes one -> acknowledges from clip 1                   # epoch 1: three windows, no DSK
  from 50s..60s door records x -> clip 1 under one for phone, owner  # before all of them
  from 150s..160s door records x -> clip 2 under one for phone, owner, tdsk 60, tdsk 61  # in the first two
  from 195s..205s door records x -> clip 3 under one for phone, owner, tdsk 61  # across the end of the first and the start of the third
  from 250s..260s door records x -> clip 4 under one for phone, owner, tdsk 61, tdsk 62  # in the last two
  from 299s..300.001s door records x -> clip 5 under one for phone, owner  # across the end of both

story window.lease
  A TDSK serves while its window and the lease last, and not across a change.
  checks CLAIM-WINDOW, CLAIM-LEASE, SPEC#what-the-camera-does
  flags Window, LeaseBoundary
  as a camera
  let one = announcement of x issued 0s but tdsk 60 of 0s..10h
  let two = announcement of x after one issued 0s but tdsk 61 of 0s..10h
  at 1s door takes one -> acknowledges from clip 1                     # a window of ten hours, a lease of one
  from 1s..1h door records x -> clip 1 under one for phone, owner, dsk, tdsk 60  # it ends with the lease
  from 1h..1h+1ms door records x -> clip 2 under one for phone, owner  # after the lease, though in the window: for the owner alone
  at 1h+2ms door takes lease of one by phone until 2h                  # a phone extends the lease
  from 1h+3ms..1h+4ms door records x -> clip 3 under one for phone, owner, dsk, tdsk 60  # for all again
  at 1h+5ms door begins x                                              # a session under epoch 1
  at 1h+6ms door takes two -> acknowledges from clip 4                 # epoch 2, with the same window
  at 1h+7ms door ends x -> clip 4 of 1h+5ms..1h+7ms under two for phone, owner  # across a change: for the owner alone, though in the window of both
