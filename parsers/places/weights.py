"""How much each way of naming a place tells; every number of place finding stands here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWeights:
    """How likely a mention means a region (0..1); evidence adds up as 1 - product of (1 - w)."""

    cued: float = 0.93  # kec. Coblong
    cued_regency: float = 0.985  # kab. Bandung: wins against a desa named elsewhere
    mixed: float = 0.80  # factor: kel. Citeureup, while there is a desa Citeureup
    miscued: float = 0.45  # kec. Dago, which is a kelurahan
    pin: float = 0.95
    postcode: float = 0.5
    postcode_cued: float = 0.85
    province: float = 0.70
    regency: float = 0.85
    district: float = 0.77
    village: float = 0.50
    located: float = 0.08  # added for `di`, `warga`
    dictionary: float = 0.60  # factor for a word that is in the dictionary, too
    derived: float = 0.90  # factor for a word that looks derived from one
    everyday: float = 0.60  # factor
    phrase: float = 0.80  # factor: Pasar Minggu is hardly ever a Sunday market
    many: float = 8.0  # kecamatan sharing their name with more regions than this count half
    street: float = 0.60  # factor: a street may be named after the village it runs through
    far_street: float = 0.20  # factor: or after a city anywhere
    towards: float = 0.70  # factor: where a road, a bus or a traveller goes
    tail: float = 0.40  # factor: the second of two names that do not lie in each other
    other: float = 0.10  # factor
    lower_reading: float = 0.50  # factor: Surabaya is a city before it is a village
    below_district: float = 0.70  # factor: Wonokromo is a kecamatan before it is a village
    in_province: float = 0.50  # evidence for every region of a named province
    like_province: float = 0.80  # factor: Jambi is a city and a province
    other_province: float = 0.80  # factor for regions outside of it
    area: float = 0.65  # evidence that the sender is where the area says
    inside_district: float = 0.86  # a bare name of a kecamatan, its kabupaten/kota being known
    inside_village: float = 0.83
    inside_street: float = 0.55
    inside_word: float = 0.92  # factor for names that are words, too
    inside_area: float = 0.40
    least: float = 0.20  # a candidate with a lower score is none
    outside: float = 0.75  # the same, outside of the area given
    weak_mentions: int = 2  # bare villages that may speak for one kabupaten/kota
    city_first: float = 0.15  # people of a kota write more than those of a kabupaten
    population: float = 0.10  # the largest region leads the smallest by this
