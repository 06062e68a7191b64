"""Split column names into words; lists of words that reveal what a column means."""

from __future__ import annotations

import re


def known(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(
    r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-zà-öø-ÿ]+|[A-Z]+|\d+|[^\W\d_]+|[%$€£#]", re.UNICODE
)

TIME_WORDS = known(
    "date datetime day time timestamp dt dttm when created updated modified period datum fecha"
    " month yearmonth ym week start end begin expires since born birthdate birthday epoch ts unix yearmoda yyyymmdd ymd"
)
# Numbers in columns with such names are codes: they are never added up.
CODE_WORDS = known(
    "zip zipcode postcode postal plz fips isbn ean gtin upc sku phone telephone tel fax mobile ssn"
    " iban imei barcode insee siret siren naics sic hs cpt icd ndc cc"
)


_PER = re.compile(r"[a-z)]\s*/\s*[\d,. ]*[a-z]", re.I)


def is_per(name: str) -> bool:
    """Tell whether a column holds rates, by its name: deaths / 100 cases, GDP per capita."""
    return bool(_PER.search(name)) or "per" in words(name)


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: "OrderDate" and "order_date" give order, date."""
    return [word.lower() for word in _WORD.findall(name)]


def names_time(name: str) -> bool:
    """Tell whether a name promises a time: order_date, created, loanedAt, paid_on."""
    name_words = words(name)
    return bool(TIME_WORDS & set(name_words)) or name_words[1:][-1:] in (["at"], ["on"])


ID_WORDS = known(
    "id ids tz timezone uuid guid key hash pk fk url uri href link email mail ip ipaddress phone ssn iban isbn"
    " code codes iata icao ioc iso sku serial login username token slug path filename"
)
# Words that end in "id" by chance: columns with such names may hold numbers.
NOT_IDS = known(
    "paid prepaid unpaid repaid aid bid underbid overbid acid grid mid solid liquid fluid covid hybrid"
    " monkey turkey whiskey donkey jockey hockey android humid rapid valid invalid steroid thyroid pyramid orchid asteroid said laid steroids"
)
# These mean an identifier only as the last word, and only if nearly all values differ.
NUMBER_WORDS = known(
    "number no nr num nummer numero index idx row line ref reference flight position"
    " subject patient participant respondent person"
)
GEO_WORDS = known(
    "country countries nation state province county city town municipality region continent"
    " district borough territory location place prefecture commune departement department_code"
    " land pays ville stadt neighbourhood neighborhood postcode area"
)
LATITUDE = known("lat ylatitude y_lat reclat intptlat geolat")
LONGITUDE = known("lon lng long xlongitude reclong intptlong geolon geolong")
# "latitude" in many languages, and as it is misspelt: latitud, longditude.
_DEGREES = re.compile(r"(?P<latitude>lat\w*tud\w*)|lon\w*tud\w*")


def names_degrees(name: str) -> str:
    """Return "latitude" or "longitude" if a column's name promises it, else ""."""
    for word in words(name):
        match = _DEGREES.fullmatch(word)
        if word in LATITUDE or (match and match["latitude"]):
            return "latitude"
        if word in LONGITUDE or match:
            return "longitude"
    return ""


YEAR_WORDS = known("year yr years fy season annee année jahr año ano anno")
DATE_PARTS = known(
    "month mo mon day dy dow weekday week quarter qtr hour hr minute yr year jahr monat tag woche stunde wochentag"
    " quartal año mes día dia ano mês mese giorno mois jour heure hora ora rok miesiąc dzień jaar maand uur"
)
# Numbers from 1 on in columns of these names are an axis, not keys.
NUMBERED_WORDS = (
    TIME_WORDS | DATE_PARTS | known("age trial round step period wave lap dose row col column")
)
CATEGORY_WORDS = known(
    "type class category group level status stage grade tier segment cluster kind mode education"
    " satisfaction involvement priority survived flag is has best hand course"
)
MEAN_WORDS = known(
    "rate ratio par adr arpu aov thickness price percent percentage pct avg average mean median temperature temp score rating"
    " age index per share speed wind height ht weight length width depth duration minutes minute"
    " level density humidity pressure grade gpa bmi rank delay distance size mass mm cm km kg mpg"
    " expectancy exp satisfaction tenure salary income wage probability yield odds frequency hdi"
    " interest margin discount fraction efficiency latency elevation altitude magnitude mag ppm"
    " trend interpolated point dir direction heading bearing azimuth aspect close open high low adj runtime horsepower acceleration years hours"
    " daily hourly monthly yearly progress popularity tavg tmax tmin awnd mileage odometer ctr cpc cpm cpa roas roi nps csat poverty unemployment commute ret return returns balance gini cpi aqi ozone glucose cholesterol bp bpm systolic diastolic insulin voltage visibility windspeed carat displacement cylinders rooms days sqft sqm living lot bedrooms bathrooms floors ms millis sec seconds quality ph alcohol life capita use seed draw time pages mw gw samplesize"
)
SUM_WORDS = known(
    "sales revenue amount total count cnt quantity qty units volume cost costs profit cases deaths"
    " births number num precipitation rain rainfall snow orders visits clicks spend spending budget"
    " passengers suicides bags sold shipped turnover payment payments fee fees tax donations"
    " downloads views sessions users incidents trips rides goals points wins losses kwh cogs discounts budgeted actual expenditure expenditures expense expenses spent paid funding grants grant investment exports imports export import production generation consumption emissions bill fare tip tips tolls charge charges billing billed impressions conversions leads signups installs purchases transactions items bytes requests hits errors calls tickets casualties injured injuries killed fatalities victims arrests votes seats medals gold silver bronze flights miles people persons runs assists rebounds vaccinations tests doses hospitalizations admissions discharges enrollment attendance accidents crashes collisions prcp steps calories gross nb nombre earnings tonnes tons barrels 합계 계 인원 건수 금액"
)
SPAN_WORDS = known("years hours minutes seconds days weeks months")  # "years of code" are no codes
# What one person gets: it is averaged, even if it is a total.
PAY_WORDS = known(
    "salary salaries wage wages compensation comp remuneration pay gehalt lohn verdienst salaire salario"
    " sueldo stipendio sal\u00e1rio lön loon wynagrodzenie"
)
# The names of money, in columns of exchange rates.
CURRENCY_WORDS = known(
    "dollar dollars euro euros pound pounds sterling yen franc francs krona krone rupee yuan renminbi won peso"
    " real rand lira ruble zloty forint koruna shekel dirham ringgit baht rupiah"
)
LAST_WORDS = known("cumulative cum cumsum running ytd")
STOCK_WORDS = known(
    "population pop inventory stock headcount subscribers followers employees employment 인구"
)
SINCE_WORDS = known(
    "start end begin began from until founded built opened closed established born died birth death"
)
CLOCK_WORDS = known("time arr dep arrival departure start end")
COUNTED_WORDS = SUM_WORDS - {"total"} | known("rating score rate stars rank")
# Whole numbers in columns with such names are codes of places.
AREA_WORDS = known(
    "beat ward district tract precinct block zone region state county country borough province"
    " city town municipality neighborhood neighbourhood puma division territory"
)
# Values of all sizes are summed; values that are much alike are a rating, and are averaged.
RATED_WORDS = known("points total")
