"""The words the generator combines: texts, split where they are used, and some weights.

Names, towns and companies are invented combinations, and every mail domain is under `.example`,
which RFC 2606 reserves: nothing generated can reach a real mailbox.
"""
# Cyrillic letters look like Latin ones, and are meant.
# ruff: noqa: RUF001

# Names: "written/romanised", a line of first and a line of last names for each script.
NAMES = {
    "latin": (
        "Ada Ben Carla Derek Edith Frank Gloria Harvey Iris Jack Kate Liam Mona Nate Olive Paul "
        "Quinn Ruth Sam Tessa Umar Vera Walt Zoe",
        "Ashdown Barlow Carver Dunmore Eastlake Fairbank Granger Holloway Ingram Jessop Kendrick "
        "Lockwood Marsh Norwood O'Dell/odell Pembroke Quill Redfern Stroud Thorne Underhill "
        "Vickers Westcott Yardley",
    ),
    "accents": (
        "Amélie/amelie Björn/bjorn Chloé/chloe Désirée/desiree Érik/erik François/francois "
        "Gökhan/gokhan Héctor/hector Inês/ines José/jose Kåre/kare Łucja/lucja María/maria "
        "Noël/noel Øystein/oystein Páll/pall Renée/renee Søren/soren Tomáš/tomas Ülle/ulle "
        "Václav/vaclav Zoë/zoe Jürgen/jurgen Begoña/begona",
        "Åkerlund/akerlund Bélanger/belanger Çelik/celik Dvořák/dvorak Estévez/estevez "
        "Føyn/foyn Gonçalves/goncalves Häuser/hauser Ibáñez/ibanez Jørgensen/jorgensen "
        "Kowalczyk Lefèvre/lefevre Müllner/mullner Núñez/nunez Öberg/oberg Peña/pena "
        "Quiñones/quinones Rössler/rossler Şahin/sahin Träger/trager Ürgen/urgen "
        "Vašek/vasek Wójcik/wojcik Zúñiga/zuniga",
    ),
    "cyrillic": (
        "Анна/anna Борис/boris Вера/vera Глеб/gleb Дарья/darya Егор/egor Жанна/zhanna "
        "Захар/zakhar Ирина/irina Кирилл/kirill Лидия/lidia Максим/maxim Нина/nina "
        "Олег/oleg Полина/polina Роман/roman Софья/sofya Тимур/timur Ульяна/ulyana "
        "Фёдор/fedor Юлия/yulia Яна/yana Оксана/oksana Тарас/taras",
        "Березенко/berezenko Ветров/vetrov Громов/gromov Дубчак/dubchak Ершов/ershov "
        "Журавель/zhuravel Зимин/zimin Калинец/kalinets Лесной/lesnoy Морозко/morozko "
        "Невский/nevsky Орлик/orlik Пшеничный/pshenichny Рябина/ryabina Снегирь/snegir "
        "Тополь/topol Ухов/ukhov Филин/filin Хмель/khmel Цветков/tsvetkov Чайка/chayka "
        "Шишкин/shishkin Щукин/shchukin Яворский/yavorsky",
    ),
    "japanese": (
        "葵/aoi 陽菜/hina 健太/kenta 結衣/yui 大輔/daisuke 美咲/misaki 翔太/shota 彩/aya "
        "拓海/takumi 七海/nanami 蓮/ren さくら/sakura 悠斗/yuto 真央/mao 直樹/naoki 恵/megumi "
        "涼/ryo 千尋/chihiro 一郎/ichiro 花子/hanako 誠/makoto 優子/yuko ハルカ/haruka 光/hikaru",
        "青山/aoyama 石川/ishikawa 上野/ueno 江口/eguchi 大森/omori 川端/kawabata 北村/kitamura "
        "久保/kubo 小泉/koizumi 桜井/sakurai 清水/shimizu 杉本/sugimoto 高木/takagi 千葉/chiba "
        "坪井/tsuboi 中西/nakanishi 野口/noguchi 林/hayashi 平田/hirata 藤原/fujiwara 星野/hoshino "
        "松尾/matsuo 森田/morita 横山/yokoyama",
    ),
    "arabic": (
        "أمل/amal باسم/basim جميلة/jamila داود/dawud هدى/huda وليد/walid زينب/zaynab حسن/hasan "
        "طارق/tariq ياسمين/yasmin كريم/karim ليلى/layla مريم/maryam نور/nur سامي/sami عمر/omar "
        "فاطمة/fatima صفاء/safa قاسم/qasim رانيا/rania شريف/sharif تامر/tamir خديجة/khadija "
        "غادة/ghada",
        "البستاني/bustani التميمي/tamimi الجابري/jabiri الحداد/haddad الخطيب/khatib "
        "الدباغ/dabbagh الراوي/rawi الزهراني/zahrani السقاف/saqqaf الشامي/shami الصباغ/sabbagh "
        "الطويل/tawil العطار/attar الغزالي/ghazali الفارس/faris القاضي/qadi الكاتب/katib "
        "اللبان/labban المصري/masri النجار/najjar الهاشمي/hashimi الوزان/wazzan اليماني/yamani "
        "الأندلسي/andalusi",
    ),
}  # fmt: skip

# How the scripts of names mix in the countries of a region, in percent.
MIXES = {
    "en": {"latin": 88, "accents": 12},
    "eu": {"accents": 60, "latin": 40},
    "ru": {"cyrillic": 80, "latin": 20},
    "ja": {"japanese": 80, "latin": 20},
    "ar": {"arabic": 75, "latin": 25},
    "world": {"latin": 74, "accents": 10, "arabic": 6, "japanese": 5, "cyrillic": 5},
}

# Towns of a region: any beginning with any ending.
TOWNS = {
    "en": (
        "Ash Brook Clay Elm Fern Glen Haw King Lang Mill Ox Penn Red Stan Thorn Whit",
        "ford ton wick bury dale ham ley mouth stead worth field",
    ),
    "eu": (
        "Val Lin Ber Sol Mar Ros Al Cas Vil Öst Gar Mon Tor Bel Fal Nor Syl Urs Wel",
        "burg mont eira köping ava heim ano ères stad dorf illa ów nice sund aix holm ença ovo vik",
    ),
    "ru": (
        "Belo Novo Krasno Zeleno Staro Verkhne Svetlo Cherno Ozero Tikho",
        "gorsk selsk polye grad rechensk yarsk borsk morsk luzhsk",
    ),
    "ja": ("Kita Minami Higashi Nishi Naka Taka Oka Matsu Ishi Kawa", "yama mura hara jima saki"),
    "ar": (
        "Aïn- Wadi- Beni- Tell- Dar- Bab- Ras- Umm- Deir- Kafr-",
        "Salam Noor Warda Hilal Bahr Zahra Nakhl Qamar Rih",
    ),
    "world": (
        "Nova Lago Sun Tama Pura Keli Mwa Banda Rivo Thon Sara Jaya Ondo Chan Luma Kori",
        "pur nagar kota buri ville bad ganj wala dong thani bay tuguro mba nani lat",
    ),
}

# Country code, name, continent, time zone, region; then its cities, largest first.
COUNTRIES = """
US|United States|NA|America/New_York|en|New York,San Francisco,Chicago,Austin,Seattle,Boston,Denver
IN|India|AS|Asia/Kolkata|world|Bengaluru,Mumbai,Delhi,Pune,Hyderabad,Chennai
GB|United Kingdom|EU|Europe/London|en|London,Manchester,Bristol,Leeds,Glasgow,Cardiff
DE|Germany|EU|Europe/Berlin|eu|Berlin,München,Hamburg,Köln,Leipzig,Düsseldorf
JP|Japan|AS|Asia/Tokyo|ja|Tokyo,Osaka,Nagoya,Fukuoka,Sapporo,Kyoto
BR|Brazil|SA|America/Sao_Paulo|eu|São Paulo,Rio de Janeiro,Brasília,Curitiba,Recife
FR|France|EU|Europe/Paris|eu|Paris,Lyon,Marseille,Toulouse,Nantes,Saint-Étienne
CA|Canada|NA|America/Toronto|en|Toronto,Montréal,Vancouver,Calgary,Ottawa
UA|Ukraine|EU|Europe/Kyiv|ru|Kyiv,Lviv,Odesa,Kharkiv,Dnipro
EG|Egypt|AF|Africa/Cairo|ar|Cairo,Alexandria,Giza,Mansoura
ES|Spain|EU|Europe/Madrid|eu|Madrid,Barcelona,València,Sevilla,Málaga
AU|Australia|OC|Australia/Sydney|en|Sydney,Melbourne,Brisbane,Perth,Adelaide
NL|Netherlands|EU|Europe/Amsterdam|eu|Amsterdam,Rotterdam,Utrecht,'s-Hertogenbosch
MX|Mexico|NA|America/Mexico_City|eu|Ciudad de México,Guadalajara,Monterrey,Mérida
PL|Poland|EU|Europe/Warsaw|eu|Warszawa,Kraków,Wrocław,Gdańsk,Łódź
KZ|Kazakhstan|AS|Asia/Almaty|ru|Almaty,Astana,Shymkent
TR|Türkiye|AS|Europe/Istanbul|eu|İstanbul,Ankara,İzmir,Bursa
AE|United Arab Emirates|AS|Asia/Dubai|ar|Dubai,Abu Dhabi,Sharjah
IT|Italy|EU|Europe/Rome|eu|Milano,Roma,Torino,Napoli,Bologna
SE|Sweden|EU|Europe/Stockholm|eu|Stockholm,Göteborg,Malmö,Uppsala
BG|Bulgaria|EU|Europe/Sofia|ru|Sofia,Plovdiv,Varna
SG|Singapore|AS|Asia/Singapore|world|Singapore
ID|Indonesia|AS|Asia/Jakarta|world|Jakarta,Surabaya,Bandung,Medan
AR|Argentina|SA|America/Argentina/Buenos_Aires|eu|Buenos Aires,Córdoba,Rosario
KR|South Korea|AS|Asia/Seoul|world|Seoul,Busan,Incheon,Daegu
NG|Nigeria|AF|Africa/Lagos|world|Lagos,Abuja,Ibadan,Kano
PT|Portugal|EU|Europe/Lisbon|eu|Lisboa,Porto,Braga,Coimbra
SA|Saudi Arabia|AS|Asia/Riyadh|ar|Riyadh,Jeddah,Dammam
CO|Colombia|SA|America/Bogota|eu|Bogotá,Medellín,Cali
ZA|South Africa|AF|Africa/Johannesburg|en|Johannesburg,Cape Town,Durban
IE|Ireland|EU|Europe/Dublin|en|Dublin,Cork,Galway
CH|Switzerland|EU|Europe/Zurich|eu|Zürich,Genève,Basel,Bern
VN|Vietnam|AS|Asia/Ho_Chi_Minh|world|Ho Chi Minh City,Hanoi,Da Nang
PH|Philippines|AS|Asia/Manila|world|Manila,Cebu City,Davao
NO|Norway|EU|Europe/Oslo|eu|Oslo,Bergen,Tromsø
DK|Denmark|EU|Europe/Copenhagen|eu|København,Aarhus,Odense
FI|Finland|EU|Europe/Helsinki|eu|Helsinki,Tampere,Jyväskylä
MA|Morocco|AF|Africa/Casablanca|ar|Casablanca,Rabat,Marrakesh
KE|Kenya|AF|Africa/Nairobi|world|Nairobi,Mombasa,Kisumu
NZ|New Zealand|OC|Pacific/Auckland|en|Auckland,Wellington,Christchurch
CL|Chile|SA|America/Santiago|eu|Santiago,Valparaíso,Concepción
"""

COMPANY_FIRST = (
    "Amber Arctic Atlas Birch Blue Bright Cedar Citrus Clover Cobalt Copper Coral Crimson Delta "
    "Ember Falcon Forge Granite Harbor Hazel Indigo Ivory Juniper Kestrel Lantern Lumen Maple "
    "Meadow Nimbus North Oak Onyx Opal Orbit Pebble Pine Quartz Raven River Saffron Silver Slate "
    "Solar Summit Tidal Timber Umber Velvet Willow Zephyr"
)
COMPANY_SECOND = (
    "Analytics Bakery Biotech Books Capital Cargo Cloud Coffee Data Design Dynamics Energy Farms "
    "Finance Foods Freight Games Health Homes Insurance Kitchen Labs Learning Legal Logistics "
    "Media Mobility Motors Networks Optics Outdoors Payments Pharma Print Robotics Security "
    "Software Studio Systems Travel"
)
COMPANY_LAST = ("", "Inc", "GmbH", "Ltd", "& Sons", "AB", "S.A.", "Group", "Co.", "株式会社")

MAIL_HOSTS = (
    "quickmail postbox inboxly mailhaven letterbird webpost swiftmail pochta-mail denshi-mail "
    "barid courrier briefkasten correo carteiro mailroom pigeonpost"
)

# Browser, its newest version, then (system, its versions, device, weight).
BROWSERS: list[tuple[str, int, list[tuple[str, str, str, int]]]] = [
    ("Chrome", 141, [("Windows", "10 11", "Desktop", 30), ("Mac OS X", "10.15.7", "Desktop", 14),
                     ("Linux", "", "Desktop", 4), ("Chrome OS", "14541.0.0", "Desktop", 1)]),
    ("Chrome", 140, [("Android", "12 13 14 15", "Mobile", 13), ("Android", "13", "Tablet", 1)]),
    ("Mobile Safari", 26, [("iOS", "16.7 17.6 18.5 26.0", "Mobile", 17),
                           ("iOS", "17.7 18.6", "Tablet", 2)]),
    ("Safari", 26, [("Mac OS X", "10.15.7", "Desktop", 6)]),
    ("Microsoft Edge", 141, [("Windows", "10 11", "Desktop", 6)]),
    ("Firefox", 143, [("Windows", "10 11", "Desktop", 3), ("Linux", "", "Desktop", 1)]),
    ("Samsung Internet", 28, [("Android", "13 14", "Mobile", 2)]),
]  # fmt: skip

STREETS = (
    "Mill Lane,Rue des Lilas,Königsallee,Calle Mayor,Nathan Road,ул. Садовая,Harbour Street,桜通り"
)
FEATURES = "new-editor dark-mode ai-summary bulk-edit sql-export live-cursors maps-v2 teams"

# Commonest first.
SOURCES = "google newsletter twitter linkedin facebook producthunt youtube partner reddit podcast"
REFERRERS = (
    "$direct www.google.com github.com www.bing.com t.co news.ycombinator.com duckduckgo.com "
    "www.linkedin.com www.reddit.com www.youtube.com lm.facebook.com chatgpt.com"
)
LANDINGS = "/ /pricing /signup /docs/getting-started /blog/how-we-scaled-our-import-pipeline"
POSTS = "guide release story case-study"
