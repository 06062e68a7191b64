"""Split column names into words, and know what the words mean."""

from __future__ import annotations

import re

_WORD = re.compile(
    r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-zà-öø-ÿ]+|[A-Z]+|\d+|[^\W\d_]+|[%$€£#]", re.UNICODE
)

TIME_WORDS = frozenset(
    "date datetime day time timestamp dt dttm when created updated modified period datum fecha"
    " month yearmonth ym week start end begin expires since born birthdate birthday epoch".split()
)
# A number under such a name is a code: it is never added up.
CODE_WORDS = frozenset(
    "zip zipcode postcode postal plz fips isbn ean gtin upc sku phone telephone tel fax mobile ssn"
    " iban imei barcode insee siret siren naics sic hs cpt icd ndc cc".split()
)


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: "OrderDate", "order_date" and "Order date"."""
    return [word.lower() for word in _WORD.findall(name)]
ID_WORDS = frozenset(
    "id ids uuid guid key hash pk fk url uri href link email mail ip ipaddress phone ssn iban isbn"
    " code codes iata icao ioc iso sku serial login username token slug path filename".split()
)
# These count as identifiers only as the last word, and only of nearly unique values.
NUMBER_WORDS = frozenset("number no nr num nummer numero index idx row line ref reference flight".split())
GEO_WORDS = frozenset(
    "country countries nation state province county city town municipality region continent"
    " district borough territory location place prefecture commune departement department_code"
    " land pays ville stadt neighbourhood neighborhood postcode area".split()
)
LATITUDE = frozenset("lat latitude ylatitude y_lat".split())
LONGITUDE = frozenset("lon lng long longitude xlongitude".split())
YEAR_WORDS = frozenset("year yr years fy season annee année jahr año ano anno".split())
DATE_PARTS = frozenset(
    "month mo mon day dy dow weekday week quarter qtr hour hr minute yr year".split()
)
CATEGORY_WORDS = frozenset(
    "type class category group level status stage grade tier segment cluster kind mode education"
    " satisfaction rating involvement priority survived flag is has best hand course".split()
)
MEAN_WORDS = frozenset(
    "rate ratio price percent percentage pct avg average mean median temperature temp score rating"
    " age index per share speed wind height ht weight length width depth duration minutes minute"
    " level density humidity pressure grade gpa bmi rank delay distance size mass mm cm km kg mpg"
    " expectancy exp satisfaction tenure salary income wage probability yield odds frequency hdi"
    " interest margin discount fraction efficiency latency elevation altitude magnitude mag ppm"
    " trend interpolated value close open high low adj runtime horsepower acceleration years hours"
    " daily hourly monthly rooms seconds quality ph alcohol life capita use seed draw time".split()
)
SUM_WORDS = frozenset(
    "sales revenue amount total count cnt quantity qty units volume cost costs profit cases deaths"
    " births number num precipitation rain rainfall snow orders visits clicks spend spending budget"
    " passengers suicides bags sold shipped turnover payment payments fee fees tax donations"
    " downloads views sessions users incidents trips rides goals points wins losses kwh".split()
)
LAST_WORDS = frozenset("cumulative cum cumsum running ytd".split())
STOCK_WORDS = frozenset("population pop inventory stock headcount subscribers followers".split())
CLOCK_WORDS = frozenset("time arr dep arrival departure start end".split())
COUNTED_WORDS = SUM_WORDS - {"total"} | frozenset("rating score rate stars rank".split())
