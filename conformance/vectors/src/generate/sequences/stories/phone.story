# The owner's phones: recovery, rollbacks that show, checkpoints, a phone that is lost.

scene a household with a clip
  given phone pairs door with key 5 for x
  given door records x

story phone.recover
  A second phone recovers the account by passphrase.
  checks CLAIM-SECOND-PHONE, SPEC#enrollment
  flags Valid, Passphrase, Restart
  given household 240
  as a household with a clip
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all                                      # the account as it is
  let seen = checkpoint of phone
  let wrong = passphrase "abandon ability able about above absent absorb abstract absurd zoo"
  second recovers with wrong -> refused vault-open     # a wrong passphrase
  let one-word = passphrase "zoo"
  second recovers with one-word -> refused word-count  # one word
  second recovers with words and seen                  # the passphrase, and the first phone's checkpoint
  second views x 1 -> shown                            # it views a clip from before it was there
  second hands over its checkpoint -> seen             # it hands over the same checkpoint
  second restarts                                      # it is switched off and on
  second views x 1 -> shown again                      # it remembers

story phone.checkpoint
  The provider shows a fresh phone an old account: the checkpoint tells.
  checks CLAIM-SECOND-PHONE, CLAIM-NO-ROLLBACK, SPEC#enrollment
  flags Rollback
  given household 240
  as a household with a clip
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all                                                      # the account before the last announcement
  let seen = checkpoint of phone
  given phone rotates x as rotated
  let later = checkpoint of phone
  second recovers with words and later -> refused checkpoint-mismatch  # the checkpoint names a later one
  cloud shows rotated                                                  # and after it
  second recovers with words and later                                 # now they agree
  second compares later                                                # so they do once more
  second compares seen                                                 # an older checkpoint is in the chain
  let earlier = later but an epoch less
  second compares earlier -> refused checkpoint-mismatch               # the last announcement's hash at the epoch before
  let none = later but epoch 0
  second compares none -> refused checkpoint-mismatch                  # at epoch 0, which is none
  let to-come = later but an epoch more
  second compares to-come -> refused checkpoint-mismatch               # at an epoch to come
  let otherwise-timed = later but issued a millisecond later
  second compares otherwise-timed                                      # another time of issue, which is not compared: the hash says it

story phone.withheld-root
  The provider withholds what a fresh phone needs.
  checks CLAIM-SECOND-PHONE, SPEC#store
  flags Withheld
  given household 240
  as a household with a clip
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all without /root                         # everything but the root
  second recovers with words -> refused object-missing  # it is withheld
  cloud shows /root of all                              # it comes
  second recovers with words                            # the phone recovers

story phone.vault-behind
  The provider shows a fresh phone the rosters after a loss, and the vault from before it.
  checks CLAIM-SECOND-PHONE, CLAIM-NO-ROLLBACK, SPEC#enrollment
  flags Rollback
  given household 240
  as a household with a clip
  given phone enrolls tablet
  given phone loses tablet
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all without vault/00000002                # the vault of before the loss
  second recovers with words -> refused vault-rollback  # the roster names a later ring key than it has
  cloud shows vault/ of all                             # and the one that the loss has sealed
  second recovers with words                            # the phone recovers

story phone.vault-of-another-history
  Two phones drop a third one, each by its own roster and vault: the provider shows the one's vault with the other's roster.
  checks CLAIM-SECOND-PHONE, CLAIM-LOST-PHONE, SPEC#enrollment
  flags LostPhone
  given household 240
  as a household with a clip
  given phone enrolls tablet
  given phone enrolls third
  let before = the cloud
  given tablet loses third as other
  given the cloud is set back to before
  given phone loses third
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all                                       # what the first phone made of it
  cloud shows vault/00000002 of other                   # and the vault of the second one
  second recovers with words -> refused sealed-open     # whose ring key is not the roster's
  cloud shows vault/00000002 of all                     # the first one's
  second recovers with words                            # the phone recovers

story phone.withheld-vault
  The provider withholds what a fresh phone needs.
  checks CLAIM-SECOND-PHONE, SPEC#store
  flags Withheld
  given household 240
  as a household with a clip
  let second = phone with keys 31 and 32
  let all = the cloud
  cloud shows all without vault/                        # everything but the vault
  second recovers with words -> refused object-missing  # it is withheld
  cloud shows vault/ of all                             # it comes
  second recovers with words                            # the phone recovers

story phone.roster-rollback
  The provider takes a roster back.
  checks CLAIM-NO-ROLLBACK, SPEC#roster
  flags Rollback, Restart
  given household 241
  as a household with a clip
  let before = the cloud
  given phone enrolls third as enrolled
  cloud shows before and enrolled                           # the account, and a phone that was enrolled
  phone starts                                              # phone is on the roster, and has seen nothing
  phone reads the cloud                                     # the first phone reads it
  cloud removes roster/ of enrolled                         # the newest roster is gone
  phone reads the cloud -> refused roster-rollback          # the cloud went back behind it
  cloud shows roster/00000002 of before at roster/00000003  # an older roster under its number
  phone reads the cloud -> refused roster-rollback          # another one lies there
  phone restarts                                            # the phone is switched off and on
  phone reads the cloud -> refused roster-rollback          # it remembers
  cloud shows enrolled                                      # the roster is back
  phone reads the cloud                                     # and all is well

story phone.roster-gap
  The provider withholds a roster.
  checks CLAIM-ROOT, SPEC#roster
  flags Withheld, Gap
  given household 241
  as a household with a clip
  let before = the cloud
  given phone enrolls third as enrolled
  cloud shows before without roster/00000002 and enrolled  # a roster is withheld, the next one shown
  phone starts                                             # phone is on the roster, and has seen nothing
  phone reads the cloud                                    # what follows a gap is not looked at
  phone views x 1 -> refused unknown-stream                # it does not know of the camera
  cloud shows before                                       # the roster comes
  phone reads the cloud                                    # the phone goes on
  phone views x 1 -> shown                                 # and views

story phone.announcement-place
  An announcement is shown in the place of another.
  checks CLAIM-NO-ROLLBACK, SPEC#store
  flags Swapped
  given household 246
  as a household with a clip
  let before = the cloud
  cloud shows before                            # the account
  phone starts                                  # phone is on the roster, and has seen nothing
  phone reads the cloud                         # the phone reads it
  given phone rotates x as next
  cloud shows announcements/x/00000002 of next at announcements/x/00000001  # the next announcement, at the place of the one that was reached
  phone reads the cloud -> refused object-path  # it does not belong there
  cloud shows before and next                   # each in its own place
  phone reads the cloud                         # the phone goes on

story phone.vault
  The passphrase is changed, and the provider shows the old vault.
  checks CLAIM-NO-ROLLBACK, CLAIM-ACCOUNT-SECRETS, SPEC#vault-and-ring
  flags Rollback, Passphrase
  given household 242
  as a household with a clip
  let before = the cloud
  cloud shows before                                      # the account
  phone starts                                            # phone is on the roster, and has seen nothing
  phone reads the cloud                                   # the phone reads it
  phone unlocks with words                                # the passphrase opens the vault
  let fresh = passphrase "abandon ability able about above absent absorb abstract absurd zoo"
  phone unlocks with fresh -> refused vault-open          # the new one does not yet
  given phone changes the passphrase to fresh as changed
  cloud shows changed                                     # the passphrase is changed
  phone unlocks with fresh                                # the new passphrase opens vault 2
  phone unlocks with words -> refused vault-open          # the old one does not
  cloud removes vault/ of changed                         # the provider takes vault 2 back
  phone unlocks with words -> refused vault-rollback      # the old passphrase opens the old vault no more
  cloud shows vault/00000001 of before at vault/00000002  # an old vault under the new number
  phone unlocks with words -> refused vault-rollback      # it is not the one of that number

story phone.convenience
  The PDK is wrapped to a phone where its owner chooses so.
  checks CLAIM-ACCOUNT-SECRETS, SPEC#enrollment
  flags Valid
  given household 243
  as a household with a clip
  let before = the cloud
  cloud shows before                                 # the account
  phone starts                                       # phone is on the roster, and has seen nothing
  phone reads the cloud                              # the phone reads it
  phone unlocks by itself -> refused no-unlock-blob  # nothing was left for it
  given phone keeps itself unlocked as kept
  cloud shows kept                                   # the owner chose convenience
  phone unlocks by itself                            # the phone needs no passphrase

story phone.acknowledgement
  A rotation is in effect with the camera's word alone.
  checks CLAIM-REVOCATION, CLAIM-NO-FORK, SPEC#acknowledgement
  flags Acknowledged, Swapped
  given household 244
  as a household with a clip
  let before = the cloud
  cloud shows before                              # the account
  phone starts                                    # phone is on the roster, and has seen nothing
  phone reads the cloud                           # the phone reads it
  given phone rotates x as rotated
  cloud shows rotated                             # a rotation
  phone reads the cloud                           # it follows
  phone lists the streams -> x 2 announced        # the camera has not heard of it
  given door obeys as obeyed
  cloud shows obeyed                              # the camera acknowledges
  phone lists the streams -> x 2 in effect        # it is in effect
  cloud shows acknowledgements/x/00000001 of before at acknowledgements/x/00000002  # an acknowledgement of the first epoch in its place
  phone lists the streams -> refused ack-unknown  # it is of another announcement

story phone.lost
  A phone is lost: what it stored opens nothing that is recorded later.
  checks CLAIM-LOST-PHONE, SPEC#loss
  flags LostPhone
  given household 245
  as a household with a clip
  let alice = member with key 8
  given phone meets alice
  given phone enrolls second
  given phone shares x with alice
  given door obeys
  given door records x
  let before = the cloud
  cloud shows before                                  # two phones, and a member
  phone starts                                        # phone is on the roster, and has seen nothing
  phone reads the cloud                               # it reads what is there
  phone views x 2 -> shown                            # it views
  second starts                                       # second is on the roster, and has seen nothing
  second reads the cloud                              # it reads what is there
  second views x 2 -> shown                           # it views
  alice starts                                        # alice has a key
  alice compares the number of alice                  # alice and the owner compared safety numbers
  alice reads the cloud -> 1 introduction, 1 key      # alice has a key
  given phone loses second as loss
  given door records x as held-back
  cloud shows loss and held-back                      # the second phone is lost; the camera has not heard of it
  second reads the cloud -> refused phone-not-listed  # the lost phone learns that it is
  phone reads the cloud                               # the other goes on
  given door obeys as acknowledged
  given door records x as after
  cloud shows acknowledged and after                  # the camera acknowledges, and records
  phone views x 4 -> shown                            # the other phone views what comes after
  second views x 4 -> refused unknown-announcement    # the lost one was told of no announcement under which that was recorded
  alice reads the cloud -> 1 introduction, 1 key      # alice is introduced anew, and has the new key
  alice views x 4 -> shown                            # members go on

story phone.histories
  The provider shows a phone what another one announced under a roster of another history.
  checks CLAIM-STREAM-KEYS, CLAIM-NO-FORK, SPEC#roster
  flags Fork
  given household 240
  as a household with a clip
  let before = the cloud
  let last = announcement announcements/x/00000001 of before
  let forked = last but epoch 2, another roster 3, after last, issued 90s
  cloud shows before                                     # the account
  phone starts                                           # phone is on the roster, and has seen nothing
  phone reads the cloud                                  # it reads what is there
  cloud shows forked at announcements/x/00000002         # the next announcement, under another history's roster
  phone reads the cloud -> refused fork                  # it takes nothing from there
  phone views x 1 -> shown                               # and goes on with what it has
