"""Who lives in the demo: invented people and where they work. No real person is meant by any line."""

from __future__ import annotations

from typing import Final, NamedTuple


class Origin(NamedTuple):
    """One person as far as it is written by hand; `languages` reads "en:Nigerian|RP, yo" (ISO 639-1 and accents)."""

    name: str
    city: str
    country: str
    zone: str
    languages: str


ROSTER: Final[tuple[Origin, ...]] = (
    Origin("Imani Okafor", "Lagos", "NG", "Africa/Lagos", "en:Nigerian|London, yo, fr"),
    Origin("Jae Haneulmin", "Seoul", "KR", "Asia/Seoul", "ko:Seoul|Busan, en:Neutral American"),
    Origin("Ritoja Basakria", "Kolkata", "IN", "Asia/Kolkata", "bn, hi, en:Indian"),
    Origin("Devan Paranjolkar", "Mumbai", "IN", "Asia/Kolkata", "hi, mr, en:Indian|RP"),
    Origin("Sunaina Thapalkot", "Kathmandu", "NP", "Asia/Kathmandu", "ne, hi, en"),
    Origin("Parvaneh Sohrabvand", "Tehran", "IR", "Asia/Tehran", "fa, en"),
    Origin("Nethmi Abeyralle", "Colombo", "LK", "Asia/Colombo", "si, ta, en"),
    Origin("Thiri Mon Zawlin", "Yangon", "MM", "Asia/Yangon", "my, en"),
    Origin("Callum Wetherden", "Adelaide", "AU", "Australia/Adelaide", "en:Australian|Neutral American"),
    Origin("Tamsin Arkwell", "Darwin", "AU", "Australia/Darwin", "en:Australian"),
    Origin("Maeve Hollohane", "St. John's", "CA", "America/St_Johns", "en:Newfoundland|Irish"),
    Origin("Bora Namgungil", "Seoul", "KR", "Asia/Seoul", "ko, en, ja"),
    Origin("Kenji Moritaka", "Tokyo", "JP", "Asia/Tokyo", "ja:Tokyo|Kansai, en"),
    Origin("Hotaru Asagiri", "Osaka", "JP", "Asia/Tokyo", "ja:Kansai|Tokyo"),
    Origin("Yuechen Linfang", "Shanghai", "CN", "Asia/Shanghai", "zh:Mandarin|Shanghainese, en"),
    Origin("Wenlan Chihsu", "Taipei", "TW", "Asia/Taipei", "zh:Mandarin|Taiwanese, en"),
    Origin("Kityan Leungmore", "Hong Kong", "HK", "Asia/Hong_Kong", "zh:Cantonese|Mandarin, en:RP"),
    Origin("Farhan Idzwanis", "Singapore", "SG", "Asia/Singapore", "ms, en:Singaporean"),
    Origin("Sekar Wulandhira", "Jakarta", "ID", "Asia/Jakarta", "id, jv, en"),
    Origin("Mateo Alonday", "Manila", "PH", "Asia/Manila", "tl, en:Filipino|Neutral American"),
    Origin("Linh Doanvy", "Hanoi", "VN", "Asia/Ho_Chi_Minh", "vi, en"),
    Origin("Anong Suphakrit", "Bangkok", "TH", "Asia/Bangkok", "th, en"),
    Origin("Aizhan Bektaskyzy", "Almaty", "KZ", "Asia/Almaty", "kk, ru, en"),
    Origin("Defne Karasoylu", "Istanbul", "TR", "Europe/Istanbul", "tr, en, de"),
    Origin("Rami Haddounieh", "Beirut", "LB", "Asia/Beirut", "ar:Levantine, fr, en"),
    Origin("Nadra Elshafiq", "Cairo", "EG", "Africa/Cairo", "ar:Egyptian|Modern standard, en"),
    Origin("Idris Benkirrou", "Casablanca", "MA", "Africa/Casablanca", "ar:Moroccan, fr, en"),
    Origin("Awa Ndiongane", "Dakar", "SN", "Africa/Dakar", "wo, fr, en"),
    Origin("Kwabena Oseituah", "Accra", "GH", "Africa/Accra", "en:Ghanaian|RP, ak"),
    Origin("Wanjiru Kimothe", "Nairobi", "KE", "Africa/Nairobi", "sw, en:Kenyan"),
    Origin("Selam Tesfahune", "Addis Ababa", "ET", "Africa/Addis_Ababa", "am, en"),
    Origin("Thandeka Mabuzane", "Johannesburg", "ZA", "Africa/Johannesburg", "zu, en:South African, af"),
    Origin("Oliver Penhallock", "London", "GB", "Europe/London", "en:RP|Cornish|Neutral American"),
    Origin("Priya Chandrakore", "Birmingham", "GB", "Europe/London", "en:Brummie|RP, gu"),
    Origin("Isla Drumwhinnie", "Glasgow", "GB", "Europe/London", "en:Scottish|RP"),
    Origin("Gethin Pryddereth", "Cardiff", "GB", "Europe/London", "cy, en:Welsh"),
    Origin("Cian Mulcarragh", "Dublin", "IE", "Europe/Dublin", "en:Irish|Neutral American, ga"),
    Origin("Solène Marchaudon", "Paris", "FR", "Europe/Paris", "fr, en, es"),
    Origin("Lotte Vanderhaegh", "Antwerp", "BE", "Europe/Brussels", "nl:Flemish, fr, en"),
    Origin("Joris Kuipersma", "Amsterdam", "NL", "Europe/Amsterdam", "nl, en, de"),
    Origin("Jonas Wiedebach", "Berlin", "DE", "Europe/Berlin", "de, en"),
    Origin("Kasia Wróblańska", "Warsaw", "PL", "Europe/Warsaw", "pl, en, uk"),
    Origin("Tereza Holubníková", "Prague", "CZ", "Europe/Prague", "cs, en"),
    Origin("Bence Szalkaváry", "Budapest", "HU", "Europe/Budapest", "hu, en"),
    Origin("Ilinca Dragomireni", "Bucharest", "RO", "Europe/Bucharest", "ro, en, it"),
    Origin("Stavros Kalligerou", "Athens", "GR", "Europe/Athens", "el, en"),
    Origin("Ginevra Salvestrin", "Rome", "IT", "Europe/Rome", "it, en"),
    Origin("Inés Valcárdena", "Madrid", "ES", "Europe/Madrid", "es:Castilian, en"),
    Origin("Tomás Figueirol", "Lisbon", "PT", "Europe/Lisbon", "pt:European|Brazilian, en"),
    Origin("Freja Lindqvarn", "Stockholm", "SE", "Europe/Stockholm", "sv, en:Neutral American"),
    Origin("Aino Metsälampi", "Helsinki", "FI", "Europe/Helsinki", "fi, sv, en"),
    Origin("Daryna Kovalenchuk", "Kyiv", "UA", "Europe/Kyiv", "uk, pl, en"),
    Origin("Nino Gelashvadze", "Tbilisi", "GE", "Asia/Tbilisi", "ka, ru, en"),
    Origin("Marisol Quintevar", "Los Angeles", "US", "America/Los_Angeles", "en:Neutral American, es:Mexican"),
    Origin("Deshawn Averille", "Los Angeles", "US", "America/Los_Angeles", "en:Neutral American|Southern"),
    Origin("Joss Arroway", "Los Angeles", "US", "America/Los_Angeles", "en:Neutral American|RP"),
    Origin("Theo Castellane", "New York", "US", "America/New_York", "en:New York|Neutral American, el"),
    Origin("Nia Bellweather", "Atlanta", "US", "America/New_York", "en:Southern|Neutral American"),
    Origin("Wyatt Strandhoff", "Chicago", "US", "America/Chicago", "en:Midwestern"),
    Origin("Keahi Palakino", "Honolulu", "US", "Pacific/Honolulu", "en:Neutral American, haw"),
    Origin("Harlow Nakashido", "Vancouver", "CA", "America/Vancouver", "en:Neutral American, ja"),
    Origin("Amara Desrochelle", "Toronto", "CA", "America/Toronto", "en:Neutral American|Caribbean, fr"),
    Origin("Émile Gauvreault", "Montréal", "CA", "America/Toronto", "fr:Québécois, en"),
    Origin("Ximena Orduñez", "Mexico City", "MX", "America/Mexico_City", "es:Mexican, en"),
    Origin("Luciana Echavarro", "Bogotá", "CO", "America/Bogota", "es:Colombian, en"),
    Origin("Killari Huamanqa", "Lima", "PE", "America/Lima", "es:Peruvian, qu"),
    Origin("Bautista Ferreyrol", "Buenos Aires", "AR", "America/Argentina/Buenos_Aires", "es:Rioplatense, en"),
    Origin("Iara Monteverdim", "São Paulo", "BR", "America/Sao_Paulo", "pt:Brazilian, en, es"),
    Origin("Tāne Rewhitia", "Auckland", "NZ", "Pacific/Auckland", "en:New Zealand, mi"),
    Origin("Matilda Brackenrow", "Sydney", "AU", "Australia/Sydney", "en:Australian|RP"),
)
"""The first two are the demo's own: Imani has the rich page, Jae is a second actor to sign in as."""
