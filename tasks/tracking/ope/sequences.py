"""The sequences of the one-pass benchmarks, by the names that their evaluators use, in the evaluators' order.

Sums of floats depend on their order: the order is part of the score's last digit.
"""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OTB100: Final = _words(
    """
    Biker Bird1 Bird2 Bolt2 Box Car1 Car2 Car24 ClifBar Coupon Crowds Dancer Dancer2 Diving Dog DragonBaby Girl2 Gym
    Human2 Human3 Human4.2 Human5 Human6 Human7 Human8 Human9 Jump KiteSurf Man Panda RedTeam Rubik Skater Skater2
    Skating2.1 Skating2.2 Surfer Toy Trans Twinnings Vase soccer matrix ironman deer skating1 shaking singer1 singer2
    carDark car4 david david2 sylvester trellis fish mhyang coke bolt boy dudek crossing couple football1 jogging-1
    jogging-2 doll girl walking2 walking fleetFace freeman1 freeman3 freeman4 david3 jumping carScale skiing dog1 suv
    motorRolling mountainBike lemming liquor woman faceocc1 faceocc2 basketball football subway tiger1 tiger2 BlurCar1
    BlurCar2 BlurCar3 BlurCar4 BlurBody BlurFace Board BlurOwl
    """
)
"""zhangzheng0131/Tracker_Benchmark_tb100, util/configSeqs.m."""
_TB50: Final = _words(
    """
    basketball Biker Bird1 BlurBody BlurCar2 BlurFace BlurOwl bolt Box Car1 car4 carDark carScale ClifBar couple Crowds
    david deer Diving DragonBaby dudek football freeman4 girl Human3 Human4.2 Human6 Human9 ironman Jump jumping liquor
    matrix motorRolling Panda RedTeam shaking singer2 skating1 Skating2.1 Skating2.2 skiing soccer Surfer sylvester
    tiger2 trellis walking walking2 woman
    """
)
OTB50: Final = tuple(name for name in OTB100 if name in _TB50)
"""TB-50 of the 2015 benchmark, the harder half."""
_OTB2013: Final = _words(
    """
    basketball bolt boy car4 carDark carScale coke couple crossing david david2 david3 deer dog1 doll dudek faceocc1
    faceocc2 fish fleetFace football football1 freeman1 freeman3 freeman4 girl ironman jogging-1 jogging-2 jumping
    lemming liquor matrix mhyang motorRolling mountainBike shaking singer1 singer2 skating1 skiing soccer subway suv
    sylvester tiger1 tiger2 trellis walking walking2 woman
    """
)
OTB2013: Final = tuple(name for name in OTB100 if name in _OTB2013)
"""The 51 targets of the 2013 benchmark, CVPR13."""
OTB_ALIASES: Final = {"human4": "human4-2"}
"""A name without its target's number, where the benchmark has only one target of the video."""


def _numbered(text: str) -> tuple[str, ...]:
    """``bike:1,2 car:1_1`` as bike1, bike2, car1_1."""
    found = []
    for group in text.split():
        stem, _, numbers = group.partition(":")
        found += [stem + number for number in numbers.split(",")]
    return tuple(sorted(found))


UAV123: Final = _numbered(
    """
    bike:1,2,3 bird:1_1,1_2,1_3 boat:1,2,3,4,5,6,7,8,9 building:1,2,3,4,5
    car:1_1,1_2,1_3,1_s,2,2_s,3,3_s,4,4_s,5,6_1,6_2,6_3,6_4,6_5,7,8_1,8_2,9,10,11,12,13,14,15,16_1,16_2,17,18
    group:1_1,1_2,1_3,1_4,2_1,2_2,2_3,3_1,3_2,3_3,3_4
    person:1,1_s,2_1,2_2,2_s,3,3_s,4_1,4_2,5_1,5_2,6,7_1,7_2,8_1,8_2,9,10,11,12_1,12_2,13,14_1,14_2,14_3,15,16
    person:17_1,17_2,18,19_1,19_2,19_3,20,21,22,23 truck:1,2,3,4_1,4_2 uav:1_1,1_2,1_3,2,3,4,5,6,7,8
    wakeboard:1,2,3,4,5,6,7,8,9,10
    """
)


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """``car1:1-751,751-1627`` as car1_1 and car1_2: first and last frame of each part of the video."""
    found = {}
    for group in text.split():
        video, _, parts = group.partition(":")
        for number, part in enumerate(parts.split(","), 1):
            first, _, last = part.partition("-")
            found[f"{video}_{number}"] = int(first), int(last)
    return found


UAV123_PARTS: Final = _spans(
    """
    bird1:1-253,775-1477,1573-2437 car1:1-751,751-1627,1627-2629
    car6:1-487,487-1807,1807-2953,2953-3925,3925-4861 car8:1-1357,1357-2575 car16:1-415,415-1993
    group1:1-1333,1333-2515,2515-3925,3925-4873 group2:1-907,907-1771,1771-2683
    group3:1-1567,1567-2827,2827-4369,4369-5527 person2:1-1189,1189-2623 person4:1-1501,1501-2743
    person5:1-877,877-2101 person7:1-1249,1249-2065 person8:1-1075,1075-1525 person12:1-601,601-1621
    person14:1-847,847-1813,1813-2923 person17:1-1501,1501-2347 person19:1-1243,1243-2791,2791-4357
    truck4:1-577,577-1261 uav1:1-1555,1555-2377,2473-3469
    """
)
"""Which frames of a video each part has, from 1, both included; all parts of a video lie in one folder of frames."""
LASOT: Final = _numbered(
    """
    airplane-:1,9,13,15 basketball-:1,6,7,11 bear-:2,4,6,17 bicycle-:2,7,9,18 bird-:2,3,15,17 boat-:3,4,12,17
    book-:3,10,11,19 bottle-:1,12,14,18 bus-:2,5,17,19 car-:2,6,9,17 cat-:1,3,18,20 cattle-:2,7,12,13
    spider-:14,16,18,20 coin-:3,6,7,18 crab-:3,6,12,18 surfboard-:4,5,8,12 cup-:1,4,7,17 deer-:4,8,10,14
    dog-:1,7,15,19 guitar-:3,8,10,16 person-:1,5,10,12 pig-:2,10,13,18 rubicCube-:1,6,14,19 swing-:10,14,17,20
    drone-:2,7,13,15 pool-:3,7,12,15 rabbit-:10,13,17,19 racing-:10,15,16,20 robot-:1,5,8,19 sepia-:6,8,13,16
    sheep-:3,5,7,9 skateboard-:3,8,16,19 tank-:6,9,14,16 tiger-:4,6,12,18 train-:1,7,11,20 truck-:3,6,7,16
    turtle-:5,8,9,16 umbrella-:2,9,17,19 yoyo-:7,15,17,19 zebra-:10,14,16,17 elephant-:1,12,16,18 goldfish-:3,7,8,10
    hat-:1,2,5,18 kite-:4,6,10,15 motorcycle-:1,3,9,18 mouse-:1,8,9,17 flag-:2,3,5,9 frog-:3,4,9,20
    gametarget-:1,2,7,13 hand-:2,3,9,16 helmet-:5,11,13,19 licenseplate-:6,12,13,15 electricfan-:1,10,18,20
    chameleon-:3,6,11,20 crocodile-:3,4,10,14 gecko-:1,5,16,19 fox-:2,3,5,20 giraffe-:2,10,13,15 gorilla-:4,6,9,13
    hippo-:1,7,9,20 horse-:1,4,12,15 kangaroo-:2,5,11,14 leopard-:1,7,16,20 lion-:1,5,12,20 lizard-:1,3,6,13
    microphone-:2,6,14,16 monkey-:3,4,9,17 shark-:2,3,5,6 squirrel-:8,11,13,19 volleyball-:1,13,18,19
    """
)
"""The 280 test sequences of protocol II."""
NFS: Final = _words(
    """
    Gymnastics MachLoop_jet Skiing_red Skydiving airboard_1 airplane_landing airtable_3 basketball_1 basketball_2
    basketball_3 basketball_6 basketball_7 basketball_player basketball_player_2 beach_flipback_person bee biker_acrobat
    biker_all_1 biker_head_2 biker_head_3 biker_upper_body biker_whole_body billiard_2 billiard_3 billiard_6 billiard_7
    billiard_8 bird_2 book bottle bowling_1 bowling_2 bowling_3 bowling_6 bowling_ball bunny car car_camaro car_drifting
    car_jumping car_rc_rolling car_rc_rotating car_side car_white cheetah cup cup_2 dog dog_1 dog_2 dog_3 dogs dollar
    drone ducks_lake exit first flower footbal_skill helicopter horse_jumping horse_running iceskating_6 jellyfish_5
    kid_swing motorcross motorcross_kawasaki parkour person_scooter pingpong_2 pingpong_7 pingpong_8 purse rubber
    running running_100_m running_100_m_2 running_2 shuffleboard_1 shuffleboard_2 shuffleboard_4 shuffleboard_5
    shuffleboard_6 shuffletable_2 shuffletable_3 shuffletable_4 ski_long soccer_ball soccer_ball_2 soccer_ball_3
    soccer_player_2 soccer_player_3 stop_sign suv tiger walking walking_3 water_ski_2 yoyo zebra_fish
    """
)
