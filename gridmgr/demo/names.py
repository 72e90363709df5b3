"""Names in the demo city: which roads it shares out, what its branches, members and vendors are called.

Branches bear names of real subdistricts (街道) near them, but their areas are simulated and not those of the
subdistricts. People are invented; their telephone numbers begin with 000, which no Chinese number does.
"""

import numpy as np

SOURCE = "© OpenStreetMap contributors (ODbL), 太原 2021-12"

# The 37 arterial and secondary roads of the centre that the demo shares out, on both banks of the river Fen.
SHARED_ROADS = (
    *("迎泽大街", "府东街", "府西街", "新建路", "新建南路", "解放路", "解放南路", "五一路", "建设北路"),
    *("北大街", "胜利街", "双塔西街", "双塔东街", "并州北路", "并州路", "并州南路", "青年路", "平阳路"),
    *("长治路", "体育路", "亲贤北街", "学府街", "坞城路", "水西关街", "旱西关街", "五龙口街", "迎春街"),
    *("迎泽西大街", "千峰北路", "千峰南路", "和平路", "和平南路", "和平北路", "漪汾街", "移村北街", "兴华街"),
    "长风西街",
)

# Name, English name, and about where the place of that name lies (WGS 84 longitude, latitude): grids take the names of
# places near them, each name once.
PLACES = (
    ("文庙", "Wenmiao", 112.574, 37.868),
    ("桥东", "Qiaodong", 112.583, 37.858),
    ("迎泽", "Yingze", 112.561, 37.855),
    ("庙前", "Miaoqian", 112.553, 37.863),
    ("柳巷", "Liuxiang", 112.564, 37.867),
    ("老军营", "Laojunying", 112.548, 37.845),
    ("鼓楼", "Gulou", 112.561, 37.874),
    ("杏花岭", "Xinghualing", 112.574, 37.878),
    ("坝陵桥", "Balingqiao", 112.566, 37.885),
    ("大东关", "Dadongguan", 112.588, 37.873),
    ("巨轮", "Julun", 112.568, 37.893),
    ("三桥", "Sanqiao", 112.550, 37.884),
    ("敦化坊", "Dunhuafang", 112.588, 37.888),
    ("胜利", "Shengli", 112.545, 37.893),
    ("营盘", "Yingpan", 112.566, 37.833),
    ("平阳路", "Pingyanglu", 112.548, 37.822),
    ("坞城", "Wucheng", 112.578, 37.806),
    ("学府", "Xuefu", 112.556, 37.806),
    ("亲贤", "Qinxian", 112.556, 37.822),
    ("千峰", "Qianfeng", 112.516, 37.848),
    ("下元", "Xiayuan", 112.504, 37.858),
    ("和平", "Heping", 112.500, 37.872),
    ("兴华", "Xinghua", 112.516, 37.884),
    ("万柏林", "Wanbolin", 112.518, 37.868),
    ("长风西街", "Changfengxijie", 112.512, 37.822),
    ("小井峪", "Xiaojingyu", 112.492, 37.842),
)

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (
    *(
        "芳",
        "伟",
        "娜",
        "敏",
        "静",
        "丽",
        "强",
        "磊",
        "军",
        "洋",
        "勇",
        "艳",
        "杰",
        "娟",
        "涛",
        "明",
        "超",
        "霞",
        "平",
        "刚",
    ),
    *(
        "桂英",
        "建国",
        "秀兰",
        "志强",
        "晓燕",
        "海燕",
        "文博",
        "雪梅",
        "俊峰",
        "慧敏",
        "永红",
        "春生",
        "玉兰",
        "国庆",
    ),
    *(
        "子涵",
        "雨桐",
        "浩然",
        "欣怡",
        "思远",
        "晋阳",
        "晋生",
        "汾河",
        "立新",
        "卫东",
        "红梅",
        "建华",
        "小龙",
        "素珍",
    ),
)
# Characters outside GB 2312 and seldom seen ones, on which fonts and imports fail.
RARE_NAMES = (
    "李洺",
    "王堃",
    "张喆",
    "赵祎",
    "刘垚",
    "陈珺",
    "杨翀",
    "郭昇",
    "马赟",
    "梁玥",
    "闫龑",
    "韩犇",
    "任旻",
    "孙骉",
)


def people(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different names of people, the rare ones among them."""
    names = dict.fromkeys(RARE_NAMES[:count])
    while len(names) < count:
        names[str(rng.choice(list(_SURNAMES))) + str(rng.choice(_GIVEN))] = None
    shuffled = list(names)
    rng.shuffle(shuffled)
    return shuffled


def phone(number: int) -> str:
    """A telephone number that can't be anybody's."""
    return f"000-{number // 10_000:04d}-{number % 10_000:04d}"
