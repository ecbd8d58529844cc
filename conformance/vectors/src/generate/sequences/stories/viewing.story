# Viewers against a provider that withholds, swaps, cuts and repeats clips: the owner's phone, then a
# member.

each who in phone, alice

scene four clips of x and one of y, both shared with alice
  let alice = member with key 8
  given phone pairs door with key 5 for x, y
  given phone meets alice
  given phone shares x, y with alice
  given door obeys
  given door records x
  given door records x
  given door records x
  given door records x
  given door records y
  let all = the cloud

scene phone has everything but clips
  cloud shows all without manifests/ without bodies/  # the account, without clips
  phone starts                                        # phone is on the roster, and has seen nothing
  phone reads the cloud                               # the phone reads what is there

scene alice has everything but clips
  cloud shows all without manifests/ without bodies/  # the account, without clips
  alice starts                                        # alice has a key
  alice compares the number of alice                  # alice and the owner compared safety numbers
  alice reads the cloud -> 1 introduction, 2 keys     # the keys of x and y

story {who}.withheld
  The provider withholds clips: a gap shows.
  checks CLAIM-CLIP-GAP, CLAIM-CLIP-ONCE, SPEC#viewing
  flags Withheld, Restart
  given household 220
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  {who} views x 1 -> refused no-such-clip                 # nothing was recorded, so it seems
  cloud shows clip x 1 of all and clip x 3 of all         # the provider shows clips 1 and 3
  {who} views x 1 -> shown                                # clip 1
  {who} views x 3 -> shown                                # clip 3
  {who} views x 2 -> refused clip-missing                 # clip 2 is withheld, and that shows
  {who} views x 4 -> refused no-such-clip                 # the newest held back looks like a camera that is offline
  {who} restarts                                          # the device is switched off and on
  {who} views x 2 -> refused clip-missing                 # it remembers
  cloud shows clip x 2 of all without bodies/             # clip 2 without its body
  {who} views x 2 -> refused clip-missing, nothing shown  # its body is withheld
  cloud shows clip x 2 of all                             # clip 2 comes after all
  {who} views x 2 -> shown                                # it is shown

story {who}.swapped
  The provider serves one object in place of another.
  checks CLAIM-CLIP-ORIGIN, CLAIM-STREAM-ISOLATION, SPEC#viewing
  flags Swapped, WrongStream
  given household 220
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  cloud shows all                                                 # every clip
  cloud shows manifest x 2 of all at manifest x 1                 # clip 2's manifest in place of clip 1's
  {who} views x 1 -> refused wrong-sequence                       # it is another clip's
  cloud shows manifest y 1 of all at manifest x 1                 # y's manifest in place of x's
  {who} views x 1 -> refused wrong-stream                         # it is another stream's
  cloud shows manifest x 1 of all but with its last byte altered  # an altered manifest
  {who} views x 1 -> refused invalid-signature                    # the camera did not sign it
  cloud shows manifest x 1 of all but empty                       # no manifest, but bytes
  {who} views x 1 -> refused malformed                            # no message
  cloud shows all                                                 # everything as it was
  {who} views x 1 -> shown                                        # clip 1 opens after all that
  cloud shows body x 4 of all at body x 3 and body x 3 of all at body x 4  # the bodies of clips 3 and 4 have changed places
  {who} views x 3 -> refused segment-altered, nothing shown       # it is not what the camera signed
  {who} views x 4 -> refused segment-altered, nothing shown       # nor is this
  cloud shows all                                                 # and back
  {who} views x 3 -> shown                                        # clip 3: what was refused was not shown

story {who}.bodies
  The provider alters a body.
  checks CLAIM-PREFIX, CLAIM-CLIP-ORIGIN, SPEC#viewing
  flags Prefix, Truncated
  given household 220
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  cloud shows all                                              # every clip
  cloud shows body x 1 of all but cut by a byte                # the body cut by one byte
  {who} views x 1 -> refused body-truncated, nothing shown     # nothing of it is shown
  cloud shows body x 1 of all but empty                        # the body empty
  {who} views x 1 -> refused body-truncated, nothing shown     # nothing of it is shown
  cloud shows body x 1 of all but with a byte more             # the body with a byte more
  {who} views x 1 -> refused body-trailing, nothing shown      # nothing of it is shown
  cloud shows body x 1 of all but twice in a row               # the body twice in a row
  {who} views x 1 -> refused body-trailing, nothing shown      # nothing of it is shown
  cloud shows body x 1 of all but with its first byte altered  # the body with its first bit flipped
  {who} views x 1 -> refused segment-altered, nothing shown    # nothing of it is shown
  cloud shows body x 1 of all                                  # the body as it was
  {who} views x 1 -> shown                                     # it is shown, as new

story {who}.rollback
  The provider takes announcements back.
  checks CLAIM-NO-ROLLBACK, SPEC#what-the-camera-checks
  flags Rollback, Restart
  given household 220
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  cloud shows all                                         # every clip
  cloud removes announcements/x/00000002 of all           # the announcement that the viewer has is gone
  {who} reads the cloud -> refused announcement-rollback  # the cloud went back behind it
  cloud shows announcements/x/00000001 of all at announcements/x/00000002  # the first in place of the second
  {who} reads the cloud -> refused announcement-rollback  # an older one lies there
  cloud shows announcements/x/00000002 of all but issued a millisecond later  # another second one
  {who} reads the cloud -> refused announcement-fork      # another one lies there
  cloud shows all                                         # everything as it was
  {who} reads the cloud                                   # it goes on
  {who} views x 1 -> shown                                # and views

story {who}.fork
  A camera that was set back records another clip of the same number.
  checks CLAIM-CLIP-ORIGIN, CLAIM-CLIP-ONCE, SPEC#viewing
  flags Fork, Restart
  given household 221
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  let stored = memory of door
  given door records x as five
  cloud shows all and five                   # four clips and a fifth
  {who} views x 5 -> shown                   # clip 5
  given door records x as six
  given door is set back to stored
  given the cloud is set back to all
  given door records x showing "another clip 5" as other-five
  cloud shows other-five                     # another clip 5 by the same camera
  {who} views x 5 -> refused manifest-fork   # it is not the one seen there before
  given door records x showing "another clip 6" as other-six
  cloud shows other-six                      # a clip 6 that follows the other clip 5
  {who} views x 6 -> refused manifest-chain  # it does not follow the one seen
  {who} restarts                             # the device is switched off and on
  {who} views x 6 -> refused manifest-chain  # it remembers
  cloud shows six                            # the clip 6 that does
  {who} views x 6 -> shown                   # clip 6

story camera.stolen
  Whoever takes a camera's key opens nothing of what it recorded.
  checks CLAIM-STOLEN-CAMERA, SPEC#clips
  flags Isolation
  only phone
  given household 222
  as four clips of x and one of y, both shared with alice
  cloud shows all                             # every clip
  let stored = memory of door
  given stored has key 5
  let thief = member with key 5
  thief starts                                # thief has a key
  thief compares the number of thief          # thief and the owner compared safety numbers
  thief reads the cloud                       # the stolen camera's key is nobody's member key
  thief views x 1 -> refused nothing-granted  # no clip that it finished opens with it
  thief views x 2 -> refused nothing-granted  # no clip that it finished opens with it
  thief views x 3 -> refused nothing-granted  # no clip that it finished opens with it
  thief views x 4 -> refused nothing-granted  # no clip that it finished opens with it

story {who}.after-theft
  Clips stay genuine after their camera was stolen.
  checks CLAIM-STOLEN-CAMERA, SPEC#clips
  flags Valid
  given household 222
  as four clips of x and one of y, both shared with alice
  as {who} has everything but clips
  cloud shows all           # every clip
  {who} views x 1 -> shown  # clip 1
  {who} views x 2 -> shown  # the owner's viewers go on

scene phone is there
  phone starts                                        # phone is on the roster, and has seen nothing
  phone reads the cloud                               # the phone reads what is there

scene alice is there
  alice starts                                        # alice has a key
  alice compares the number of alice                  # alice and the owner compared safety numbers
  alice reads the cloud -> 1 introduction, 1 key      # the key of x

scene phone reads of another camera
  phone reads the cloud                               # the camera is replaced, after three clips

scene alice reads of another camera
  alice reads the cloud -> 1 key                      # the camera is replaced, after three clips; and the key of that epoch

scene phone is there after all
  phone starts                                        # phone is on the roster, and has seen nothing
  phone reads the cloud                               # the camera is retired

scene alice is there after all
  alice starts                                        # alice has a key
  alice compares the number of alice                  # alice and the owner compared safety numbers
  alice reads the cloud -> 1 introduction, 2 keys     # the camera is retired; a key of each epoch

story {who}.replaced
  A camera's key is copied, and its owner replaces it: what the copy signs counts no more.
  checks CLAIM-CAMERA-REPLACED, SPEC#replacement-and-retirement, SPEC#viewing
  flags Tenure, WrongKey
  given household 230
  let alice = member with key 8
  given phone pairs door with key 5 for x
  given phone meets alice
  given phone shares x with alice
  given door obeys
  let copy = memory of door
  let bare = the cloud
  given door records x
  given door records x
  given door records x
  let all = the cloud
  given door is set back to copy
  given the cloud is set back to bare
  given door records x as forged-one
  given door records x showing "the copy's second" as forged-two
  given door records x showing "the copy's third" as forged-three
  given door records x showing "the copy's fourth" as forged-four
  given the cloud is set back to all
  given phone replaces door by gate with key 6 for x
  given gate records x
  let after = the cloud
  cloud shows all without manifests/ without bodies/               # the account, without clips
  as {who} is there
  cloud shows manifest x 1 of forged-one and bodies/ of forged-one # the copy's first clip, before the camera is replaced
  {who} views x 1 -> shown                                         # nothing tells it from the camera's
  cloud shows clip x 2 of all                                      # the camera's second
  {who} views x 2 -> refused manifest-chain                        # which does not follow the copy's first
  cloud shows after without manifests/                             # what the owner has done
  as {who} reads of another camera
  cloud shows clip x 4 of after                                    # the new camera's first
  cloud shows manifest x 2 of forged-two and bodies/ of forged-two # the copy's second
  cloud shows manifest x 3 of forged-three                         # the copy's third
  {who} views x 3 -> refused manifest-chain                        # and does not follow it
  cloud shows clip x 3 of after                                    # the genuine third
  {who} views x 3 -> shown                                         # the last one that counts
  {who} views x 4 -> shown                                         # the new camera's first
  {who} views x 1 -> refused manifest-chain                        # the copy's second clip leads nowhere
  {who} views x 2 -> refused manifest-chain                        # the third does not name it
  cloud removes manifest x 2 of after                              # it is withheld
  {who} views x 1 -> refused clip-missing                          # whether the first leads to the third cannot be told
  cloud shows clip x 2 of after                                    # the genuine one
  cloud shows clip x 1 of after                                    # and the genuine first
  {who} views x 1 -> shown                                         # which leads to the third, whatever was seen before
  {who} views x 2 -> shown                                         # as the second does
  cloud shows manifest x 1 of forged-one and bodies/ of forged-one # the copy's first clip
  {who} views x 1 -> refused manifest-fork                         # another was seen there
  cloud shows manifest x 4 of forged-four and bodies/ of forged-four  # the copy's fourth
  {who} views x 4 -> refused clip-missing                          # as if the new camera's were withheld

story {who}.retired
  A camera is retired, and its owner says which clips count.
  checks CLAIM-CAMERA-REPLACED, SPEC#replacement-and-retirement, SPEC#viewing
  flags Tenure, WrongKey
  given household 231
  let alice = member with key 8
  given phone pairs door with key 5 for x
  given phone meets alice
  given phone shares x with alice
  given door obeys
  given door records x
  given door records x
  given door records x
  given phone retires door counting 2 of x
  let all = the cloud
  cloud shows all                                # everything
  as {who} is there after all
  {who} views x 3 -> refused no-such-clip        # the third counts no more
  {who} views x 2 -> shown                       # the second does
  {who} views x 1 -> shown                       # and the first, which leads to it
