"""Recognise the names of places that a map can draw: countries, and states of the USA."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split(","))


US_STATES = _names(
    """alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, district of columbia,
    florida, georgia, hawaii, idaho, illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland,
    massachusetts, michigan, minnesota, mississippi, missouri, montana, nebraska, nevada, new hampshire,
    new jersey, new mexico, new york, north carolina, north dakota, ohio, oklahoma, oregon, pennsylvania,
    rhode island, south carolina, south dakota, tennessee, texas, utah, vermont, virginia, washington,
    west virginia, wisconsin, wyoming"""
) | frozenset(
    """al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd
    oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy""".split()
)
COUNTRIES = _names(
    """afghanistan, albania, algeria, angola, argentina, armenia, australia, austria, azerbaijan, bahamas, bahrain,
    bangladesh, belarus, belgium, belize, benin, bhutan, bolivia, bosnia and herzegovina, botswana, brazil, brunei,
    bulgaria, burkina faso, burundi, cambodia, cameroon, canada, central african republic, chad, chile, china,
    colombia, costa rica, croatia, cuba, cyprus, czech republic, czechia, denmark, djibouti, dominican republic,
    ecuador, egypt, el salvador, equatorial guinea, eritrea, estonia, ethiopia, fiji, finland, france, gabon, gambia,
    germany, ghana, greece, greenland, guatemala, guinea, guinea-bissau, guyana, haiti, honduras, hungary, iceland,
    india, indonesia, iran, iraq, ireland, israel, italy, jamaica, japan, jordan, kazakhstan, kenya, kuwait,
    kyrgyzstan, laos, latvia, lebanon, lesotho, liberia, libya, lithuania, luxembourg, madagascar, malawi, malaysia,
    mali, malta, mauritania, mauritius, mexico, moldova, mongolia, montenegro, morocco, mozambique, myanmar, namibia,
    nepal, netherlands, new zealand, nicaragua, niger, nigeria, north korea, north macedonia, norway, oman, pakistan,
    palestine, panama, papua new guinea, paraguay, peru, philippines, poland, portugal, qatar, romania, russia,
    russian federation, rwanda, saudi arabia, senegal, serbia, sierra leone, singapore, slovakia, slovenia, somalia,
    south africa, south korea, south sudan, spain, sri lanka, sudan, suriname, swaziland, sweden, switzerland, syria,
    taiwan, tajikistan, tanzania, thailand, togo, trinidad and tobago, tunisia, turkey, turkmenistan, uganda, ukraine,
    united arab emirates, united kingdom, united states, united states of america, uruguay, usa, uk, uzbekistan,
    venezuela, vietnam, viet nam, yemen, zambia, zimbabwe, korea, congo, eswatini, slovak republic"""
)
_CODE = re.compile("[A-Z]{2,3}")
MIN_SHARE, MIN_PLACES = 0.7, 8


def kind_of(values: Iterable[object]) -> str | None:
    """Return "country" or "state" (of the USA) if most values are such names, else None."""
    names = _plain(values)
    for kind, places in (("state", US_STATES), ("country", COUNTRIES)):
        if len(names & places) >= max(MIN_PLACES, MIN_SHARE * len(names)):
            return kind
    return None


def may_be_drawn(values: Iterable[object]) -> bool:
    """Tell whether some values are countries or states, or look like their codes."""
    texts = [*map(str, values)]
    return any(map(_CODE.fullmatch, texts)) or bool(_plain(texts) & (US_STATES | COUNTRIES))


def _plain(values: Iterable[object]) -> set[str]:
    return {" ".join(str(value).casefold().replace("&", "and").split()) for value in values}


def spread(points: pd.DataFrame) -> float:
    """Return the degrees that nearly all points span in longitude or latitude."""
    degrees = points.dropna().astype("float64")
    return float((degrees.quantile(0.98) - degrees.quantile(0.02)).max())
