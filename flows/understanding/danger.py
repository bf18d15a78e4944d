"""Words of danger: wanting to die or to hurt oneself, and violence happening now or threatened.

A text is read in three moves. What only sounds like danger (笑死, deadline, 打電話) is taken out; then
signs are looked for; and each sign is weighed by what stands just before it: a no, somebody else, or
long ago. In doubt care is shown: a line too much costs a moment, a line too few may cost more.

Patterns are matched against `fold`ed text, so each stands in one form of case, width and script.
"""

from __future__ import annotations

import re
from enum import StrEnum

from flows.understanding.text import fold


class Danger(StrEnum):
    """Which numbers help: `self` (suicide, self-harm) or `violence` (against the person who writes)."""

    SELF = "self"
    VIOLENCE = "violence"


def read_danger(text: str) -> Danger | None:
    """Return the danger that a text tells of, or None. Its own life comes before violence by others.

    Links, addresses and user names are not read as words. Never raises; linear in the text.
    """
    folded = _NOT_WORDS.sub(" ", fold(text))
    for harmless in _HARMLESS:
        folded = harmless.sub(" ", folded)
    if any(_tells_of_self(folded, found) for found in _SELF.finditer(folded)):
        return Danger.SELF
    if any(_tells_of_now(folded, found) for found in _VIOLENCE.finditer(folded)):
        return Danger.VIOLENCE
    return None


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_NOT_WORDS = _any(
    r"\b[a-z]{2,8}://\S+",
    r"\bwww\.\S+",
    r"\S+@\S+",
    r"(?<!\w)@\w+",
    r"\b(?:[\w-]+\.)+(?:com|net|org|me|hk|io|tv|cc|xxx)\b\S*",
)

# ------------------------------------------------------------------ what only sounds like it

_TIRED = "笑攰累熱凍冷嚇驚怕悶餓渴煩氣激嬲忙醜急羞衰慘蠢傻懶甜靚飽撐暈癲尬酸"

_HARMLESS = (
    _any(  # figures of speech in Chinese
        rf"[{_TIRED}]死(?:我|人|佢|晒|咗|喇|啦|了)?",
        r"[尬醜煩悶熱凍餓攰忙羞]到(?:我)?(?:好|都)?想死",
        r"死(?:線|機|火|黨|忠|板|結|角|路|硬|心|撐|頂|纏|士|咗機|咗火|蠢|仔|人頭|相|因|者)",
        r"(?:電話|手機|部機|電腦|電池|wifi|網絡|連結|條link|個link|server|app|bot)[^。,!?]{0,6}?死(?:咗|了|埋)?",
        r"打死(?:我)?(?:都|也)[唔不]",
        r"(?<!我想)(?<!想)死都[唔不要]",
        r"(?:愛|掛住|掛念|好|真係)想死(?:你|佢|妳|您)|(?<!要)想死(?:你|妳)",
        r"(?:該|找|搵|送|討)死(?!我)|死性不改|死去活來|死(?:唔|不)(?:認|悔)|生死|九死一生|怕死|貪生",
        r"自殺(?:突擊隊|熱線|式|率|新聞|片|遊戲)|(?:防止|預防)自殺",
        r"殺(?:價|青|時間|出|菌|毒|蟲|入|到)|秒殺|封殺|抹殺|狼人殺|殺手|殺死(?:個|條|呢個|嗰個)?(?:網站|網頁|程式|進程|時間|bug|process|link)",
        r"打(?:電話|個?電話|俾|畀|比|給|返|字|卡|機|工|扮|招呼|擾|開|算|嚟|去|過嚟|錯|咗(?:俾|畀|比|給|電話|嚟|字)|[幾好]多次?電話|包|針|印|牌|麻雀|波|球|茄輪|乞嚏|飛機|交|聽|探|理|車|的)(?:我|緊我)?",
        r"打(?:緊)?我(?:個|部|嘅)?(?:電話|手機|whatsapp|號碼|facetime)",
        r"斬件|斬纜|斬倉|燒(?:烤|賣|味|鵝|肉|腩|錢|機|腦)|跳(?:舞|過|出|去下|到下|掣|槽|繩|線|字|頁)|吊(?:癮|頸都要透氣|車)",
        r"刀(?:具|叉|削|仔麵)|剪刀石頭布|一刀切|開刀",
        r"傷害(?:我)?(?:嘅|的)?(?:感情|感受|自尊|名聲|名譽)|(?:淋|沖)(?:花|浴|涼|雨)",
    ),
    _any(  # figures of speech in English
        r"\bdead(?: |-)?(?:line|lines|link|links|end|lock|pan|lift|beat|weight|tired|serious|battery|phone|pool|url)\b",
        r"\b(?:phone|battery|laptop|computer|mobile|wifi|link|links|site|page|car|screen|signal|line|chat|plant|plants)"
        r"(?:'s| is| has| just| was| went| keeps| are| suddenly| almost)* (?:died|dead|dying|die|dies)\b",
        r"\b(?:dying|died|die) (?:to|for a|of laughter|of laughing|laughing|of boredom|from boredom|of embarrassment|"
        r"from embarrassment|of shame|of cringe|inside laughing|over)\b",
        r"\b(?:i'?m|im|i am|literally|lol|lmao|haha+)[ ,]*(?:so |just |literally )*(?:dead|dying|deceased)"
        r"(?=[ ,.!]*(?:lol|lmao|haha|rofl|xd|[\U0001f600-\U0001f64f\U0001f480\U0001f923])|$)",
        r"\b(?:old habits|never say|ride or|diehard|die hard|dye|or die trying|hopes? (?:die|dies|died))\b",
        r"\bkill(?:s|ed|ing)? (?:time|it|the (?:mood|vibe|link|links|process|app|page|post|site|video|switch|bug|battery|lights?)|two birds)\b",
        r"\bkill(?:ed)? (?:him|her|them|it) with kindness|dressed to kill|buzz ?kill|painkillers? (?:for|from)|killer (?:app|heels)\b",
        r"\b(?:head|headache|back|feet|legs?|stomach|period|cramps?|heat|weather|suspense|wait|waiting|homework|exam|exams|job|work|traffic"
        r"|anxiety|curiosity|guilt|stress|silence|this|that|it|which|not knowing)(?:'s| is| are| was| has been| really| just|'re)* kill(?:s|ing) me\b",
        r"\bsuicid(?:e|al) (?:squad|girls?|doors?|prevention|hotline|helpline|awareness|bunny|commando)\b",
        r"\bshoot (?:me|us|you|him|her|them) (?:an?|the|your|over|some) (?:\w+ )?(?:e-?mail|mail|message|msg|text|dm|line|link|question|photo)",
        r"\b(?:hit|hits|hitting) (?:me|us) (?:up|with|back|that|hard that|like|when|on (?:whatsapp|telegram|ig|insta|signal|my phone))|\bhit on me|\bbeat(?:s)? me (?:to (?:it|the)|at|in the game)",
        r"\bcut(?:s|ting)? (?:me (?:off|out|some|in)|the (?:video|clip|crap|link))|\b(?:stab(?:s|bed|bing)?|shot) (?:me )?in the (?:back|dark)|\bheart ?attack",
        r"\bhang(?:ing)? (?:out|up|on|in there|around|over)|\bhung up|\bjump(?:ing|ed)? (?:to|in(?!to| front)|on|ahead|back|through|ship|the queue|at)\b",
        r"\b(?:hurt|hurts|hurting) (?:my|our) (?:feelings|reputation|career|credit|eyes|head)",
        r"\b(?:burn|burned|burning) (?:me )?(?:a )?(?:cd|dvd|out|bridges|calories)\b",
        r"\b(?:slash|cut)(?:ing)? prices?\b|\bend (?:it|this) (?:here|now|chat|conversation|with him|with her|with them|between us)\b",
        r"\b(?:attack|attacked|attacking|attacks) me (?:online|verbally|in (?:the )?(?:comments|chat|group)|on (?:twitter|x|facebook|ig|instagram|lihkg|social media))",
        r"\bover my dead body|\bwouldn'?t be caught dead|\bto die for|\blife or death|\bdrop[ -]dead",
    ),
)

# ------------------------------------------------------------------ wanting to die, hurting oneself

_SELF = _any(
    # English
    r"\b(?:kill|killin|killing|hurt|hurting|harm|harming|cut|cutting|burn|burning|hang|hanging|drown|drowning|shoot|shooting|starve"
    r"|starving|poison|poisoning|stab|stabbing|end|ending|offing|off|unalive|unaliving|murder|slit|delete) ?(?:my ?self|mysef|myslef|mself|meself)\b",
    r"\bthink\w* (?:about|of) (?:ending (?:it|things|everything)(?! with| between)|jumping|dying|death|not (?:being here|waking up))\b",
    r"\bdeath (?:is|would be|seems)\b|\b(?:except|but|only) (?:death|dying)\b|\btell my (?:mum|mom|mother|dad|parents|family|kids|sister|brother|friends|son|daughter) (?:that )?i love",
    r"\b(?:want|wanna|wish|like|rather|just)(?: to)? be (?:gone|not here|no more)\b|\b(?:nothing|no one|nobody|noone)(?: left)?(?: for me)? to live for\b|\b(?:not|isn'?t|never|hardly) worth (?:being alive|it to live|living)\b|\b(?:i'?m|i am|gonna|going to|about to|want to|wanna|ready to|will)(?: going to| gonna)? jump(?= *(?:[.,!?。]|$))|\b(?:pills?|tablets?|ways?|how) to die\b",
    r"\bkms\b|\bk\.?m\.?s\b|\bunalive\b|\b(?:just|please|someone|somebody|pls) kill me\b",
    r"\bs(?:ui|iu|u)[cs]{1,2}i?[cs]?idd?(?:e|al|ed|ing|ally)?s?\b",
    r"\bnot sure (?:if |that |whether )?i (?:want|can|should) (?:to )?(?:live|be here|go on living|exist|be alive)\b",
    r"\b(?:end|ending|finish|take|taking|took) (?:my|my own|this) (?:own )?(?:life|existence|misery|suffering)\b",
    r"\b(?:end|ending|finish) (?:it all|everything|things for good|it for good|it tonight|it once and for all|the pain forever)\b",
    r"\b(?:want|wanna|wanting|wish|going|gonna|ready|rather|deserve|like|try|tried|trying|plan|planning|need|prefer|ought|should|hope|hoping"
    r"|better|thinking|think)(?: to| i| about| of| we| just| really| that i| if i)*(?: just| be| could| can| should| would| really)* (?:die|dying|be dead|died|was dead|were dead)\b",
    r"\b(?:let me|i'?ll just|i will just|i might just|i could just|might as well|may as well) (?:die|be dead)\b",
    r"\bbetter (?:off )?(?:if i (?:was|were|am) )?(?:dead|without me|gone)\b|\bwish i (?:was|were|wasn'?t|weren'?t|had(?:n'?t| not)|never|could) (?:dead|alive|never|been born|born|here|existed?|not wake|disappear|sleep forever)\w*",
    r"\b(?:don'?t|do not|dont|didn'?t|doesn'?t|no longer|not|never) (?:really |even |just )?(?:want|wanna|wish|care|need|feel like|deserve)(?: to| if i)* (?:live|living|alive|be alive|be here|be around|exist|existing"
    r"|go on(?! with (?:this|the) (?:form|chat|question))|wake up|carry on|be in this world|be on this earth|keep living|breathe)\b(?! (?:with|in) (?:him|her|them|my|hk|hong|this (?:flat|house)))",
    r"\b(?:can'?t|cannot|can not|cant|couldn'?t) (?:live|go on|carry on|keep going|bear living|do this life)(?: (?:like this|any ?more|any longer|with this|living|without))?(?: *[.,!?。]| and| because|$| anymore| any)",
    r"\b(?:no|any|the|without|what's the|there's no|see no|not see any|lost (?:the|my)) (?:reason|point|will|need|purpose)s? (?:to|in|of|for) (?:live|living|life|me living|going on|being alive|staying alive|exist\w*)\b",
    r"\b(?:tired|sick|done|fed up|over) (?:of|with) (?:living|life|being alive|my life|existing)\b|\blife (?:is|isn'?t|is not|is no longer|has no)(?: not| no longer)? (?:worth|over for me|meaning|point)\w*|\bnot worth living\b|\bmy life is over\b",
    r"\b(?:self[- ]?harm\w*|self[- ]?injur\w*|overdos\w+|o\.?d\.? on)\b|\bslit(?:ting)? (?:my|the) (?:wrists?|throat)|\bcut(?:ting)? (?:my|the) (?:wrists?|arms?|veins?|thighs?|skin)",
    r"\b(?:jump(?:s|ed|ing)?|throw myself|fall|step|stepping)(?: down| out)? (?:off|from|out of|out the|in front of|under|into) (?:a |the |my |an )?(?:roof\w*|building|bridge|window|balcony|train|mtr|sea|harbou?r|\d+(?:th|st|nd|rd)?|floor|block|tower|cliff|bus|car|tracks?)",
    r"\b(?:swallow|swallowed|swallowing|take|taken|took|taking|ate|eat|have|got|hold(?:ing)?|saved?)(?: up)? (?:all |a (?:whole |full )?bottle of |too many |lots of |a lot of |so many |a handful of |\d+ |enough )(?:of )?(?:the |my |these |those |mom'?s |mum'?s )?(?:sleeping )?(?:pills?|tablets?|panadol|meds|medication|paracetamol|xanax|painkillers?)",
    r"\b(?:never|not) (?:want(?:ed)? to )?wake up(?: again| tomorrow)?\b|\bsleep (?:forever|and (?:never|not) wake)|\b(?:want|wanna|need) to (?:disappear|vanish)(?: forever| from (?:this|the) (?:world|earth))?\b",
    r"\b(?:this is|writing|wrote|write|left|leaving) (?:my )?(?:a )?(?:goodbye|last message|final message|suicide note|last words?|farewell)\b|\bgoodbye (?:world|cruel world|forever|everyone)\b|\bi'?(?:m| am) (?:going to|gonna) (?:die|be dead) (?:tonight|today|tomorrow|soon)\b",
    r"\b(?:rather|sooner) (?:be )?(?:die|dead)\b|\bready to (?:go|leave) (?:this world|forever)\b|\b(?:nobody|no one|noone) (?:would|will|'ll|'d) (?:miss|notice|care) (?:me|if i)",
    # Chinese
    r"(?:想|要|去|尋|求|不如|寧願|寧可|情願|可以|好|再唔|但求|決定|準備|打算|即管|快啲|早啲|一齊)死(?!線|機|火|黨|心|你)(?:咗|了|去|算|好過)?",
    r"死(?:咗|了)?(?:佢)?(?:去)?(?:算數?|罷就|好過|仲好|會唔會好|會好啲|更好|就(?:好|算|冇事|沒事|一了百了|解脫|唔使|不用|不必|可以))|一死了之|一了百了",
    r"(?:我|自己)(?:會|真係|就|而家|今晚|聽日|都|已經|快|好似)*死(?:俾|畀|給)(?:你|佢|他|大家|你哋)?睇?|應該死|值得死|(?:如果|假如|係咪|等)?我死(?:咗|了)|死(?:俾|畀|給)(?:你|佢|他|她|大家|你哋|佢哋)睇",
    r"我?(?:而家|已經|一個人)*(?:企|坐|上|行|爬|踎)(?:咗|緊|到|喺|在|上|住)*(?:天台|頂樓|窗台|窗邊|橋邊|欄杆|欄河)",
    r"自[殺杀盡尽殘残傷伤戕縊]|輕生|尋短見?|自我(?:了斷|了結|傷害|毀滅)|自行了斷|攬炒自己|毀咗自己",
    r"(?:了結|了斷|結束|完結|放棄|唔要|終結)(?:咗|了|埋|晒)?(?:我|自己|呢|這)?(?:嘅|的|個|條|份)?(?:生命|性命|人生|一生|一切|所有嘢|自己|條命|命)",
    r"[唔不冇無没没](?:再|係好|太|係|是|會再)?(?:想|願意?|識|知點|知道怎|打算|值得|配|應該)(?:再|繼續|咁|點樣?|樣?)*(?:活|生存|做人|存在|醒|見到聽日|留喺呢個世界|喺度生活|喺世上|在世上|在這世上)(?!動|潑|埠|節)",
    r"(?:活|生存|捱|撐|頂|忍|捱得)(?:唔|不)(?:落去|下去|到聽日|到明天|過今晚)|唔(?:識|知)點(?:樣)?(?:生存|活)落去|生無可戀|冇(?:得|辦法)?活落去|沒法活下去|無法活下去",
    r"(?:冇|無|沒有?|搵唔到|找不到)(?:晒|咗|了)?(?:任何|咩|乜)?(?:必要|意義|意思|理由|動力|勇氣|興趣|希望)(?:再|繼續|去)?(?:活|生存|做人|落去|下去)|(?:活着|活住|做人|生存|人生)(?:都|真係|已經|根本|仲)*(?:冇|無|沒有?|毫無)(?:晒|咗|了|乜|咩|什麼|任何)?(?:意義|意思|希望|用)",
    r"(?:想|要|會|去|準備|打算|上天台|企喺天台|決定|諗住|唔係就|就|差啲|不如)[^,。!?]{0,8}?(?:跳(?:樓|橋|海|軌|落去|下去|出去|出窗|落樓|河|崖)|燒炭|吊頸|上吊|割[脈腕手]|[界鎅𠝹別]手|[界鎅𠝹]脈|服毒|吞藥|飲漂白水|撞車|墮樓|攬(?:住)?一齊死)",
    r"^[^,。!?]{0,4}(?:跳(?:樓|橋|海|軌)|燒炭|吊頸|上吊|割[脈腕]|[界鎅𠝹]手|[界鎅𠝹]脈|服毒|吞藥)|(?:我|又|有|曾經|一直|成日|開始)(?:又|有|成日|一直|試過|已經)*(?:割[脈腕手]|[界鎅𠝹]手|[界鎅𠝹]脈|燒緊?炭)|(?:買|有|開)(?:咗|晒|緊|好)?炭(?=[.,。!? ]|$)|用刀[割界鎅𠝹](?:自己|手)",
    r"(?:食|吞|服|啪|飲)(?:晒|咗|光|曬|哂|緊|左|完|過量|下|咗好多|好多|成樽|成排|大量|幾十粒|一大堆|全部)*[^,。!?]{0,6}?(?:安眠|止痛|鎮靜|精神科?|抗抑鬱)?(?:藥|丸|panadol|必理痛|漂白水|滴露)(?:自殺|死|晒|光|落肚)?(?<=晒藥)(?!房)|(?:食|吞|啪|服)(?:晒|光|曬|哂|完|(?:咗|左|了)?(?:成|幾|大量|好多|一大|過量)[樽排盒把十堆]?|咗成樽|成樽|大量|過量|好多|咗好多|幾十粒|咗幾十粒|一大堆|全部|晒啲|晒所有)[^,。!?]{0,5}(?:藥|丸|panadol|必理痛)|藥物過量",
    r"(?:想|要|會|忍唔住|控制唔到|成日)(?:[^,。!?]{0,3})(?:傷害|打|整親|弄傷|虐待|懲罰)自己|(?:攞|拎|取)自己(?:條|嘅)?(?:命|性命)",
    r"(?:想|要|不如|可以|寧願)(?:就咁|永遠|永久|快啲|徹底|由呢個世界|喺呢個世界|從這個世界|喺世上|馬上)*(?:消失|長眠|唔再醒|不再醒|瞓着唔醒|一睡不醒)|(?:瞓|睡)(?:咗|着|了)?(?:覺)?(?:就)?(?:唔好|不要|唔|不)?(?:再)?(?:唔|不)(?:再|使|用|要|想)*(?:再)?醒(?!目)",
    r"(?:離開|告別|離棄)(?:呢個|這個|個|晒)?(?:世界|人世|人間|大家)|遺書|訣別|最後一(?:面|次見面|封信|次同你哋講)|來世再見|下世再(?:見|做|嚟)|下一世再|(?:如果|假如)我(?:死|唔喺度|不在|消失)(?:咗|了)?",
    r"(?:冇|無|沒有?)(?:咗|了)?我(?:大家|佢哋|屋企人|世界|他們|她們|所有人|個個)?(?:都|會|可能)*(?:會)?(?:好啲|更好|開心啲|輕鬆|好過)|(?:生|活)不如死|生不如死|好想解脫|想解脫",
    r"(?:諗|想|研究|搵)(?:住|緊|過|下)*(?:點|怎)樣?(?:去)?死|(?:只有|唯有|除咗|除了)死|死(?:是|係)(?:唯一|解脫|出路)|(?:食|吞|飲|服)[^,。!?]{0,10}死",
    r"(?:割|𠝹|界|鎅|燒|傷害|虐待|整傷|弄傷|掐|懲罰)(?:緊|咗|過|到)*自己|(?:想|要|會)[𠝹割界鎅](?:落去|手|脈)|活得(?:好|太|咁|很)*(?:辛苦|累|攰|痛苦)|應該消失",
    r"唔想做人|不想做人|想做鬼|想(?:去)?見(?:閻羅|上帝|祖宗)|想落去陪|唔想再醒|陪葬",
)

# ------------------------------------------------------------------ violence, now or threatened

_OTHERS = (
    r"(?:he|she|they|ex|bf|gf|boyfriend|girlfriend|husband|wife|partner|dad|father|stepdad|stepfather|mum|mom|mother|brother|uncle|boss"
    r"|guy|man|men|someone|somebody|person|stranger|stalker|people|boys?|gang|who|it's him|roommate|flatmate|landlord|friends?)"
)
_DEED = (
    r"(?:kill|hurt|beat|hit|stab|attack|rape|murder|strangle|choke|shoot|burn|harm|slap|punch|kick|assault|smash|break|slash|drown|throttle"
    r"|torture|throw acid (?:on|at)|come after|cut|molest)"
)
_DOING = (
    r"(?:killing|hurting|beating|hitting|stabbing|attacking|raping|strangling|choking|shooting|burning|slapping|punching|kicking|assaulting"
    r"|torturing|molesting|throwing things at|chasing|following|stalking|forcing himself on|dragging|pushing)"
)
_US = (
    r"(?:me|us|my (?:family|kids?|children|child|son|daughter|baby|mum|mom|mother|dad|father|sister|brother|parents|dog|cat|neck|face|arm|legs?|grandma|partner"
    r"|husband|wife|boyfriend|girlfriend|friends?))"
)
_THEY = r"(?:佢|佢哋|他|她|他們|條友|條仔|條女|對方|前度|前男友|前女友|男友|男朋友|女友|女朋友|老公|老婆|丈夫|太太|阿?爸爸?|老豆|阿?媽媽?|老母|繼父|後父|叔叔|舅父|阿叔|老細|有人|班人|黑社會|債主|債仔|室友|同學|網友|個男人|個男仔|嗰個人|個人|呢個人|跟蹤狂|變態佬)"
_HANDS = r"(?:殺|迷[姦奸]|斬|打|揍|毆打?|強[姦奸]|強暴|性侵|侵犯|捅|𠝹|劈|扑|踢|掌摑|摑|掐|箍|捏|扼|燒|淋|毒|虐|虐打|襲擊|攻擊|傷害|扯|拖|推|撞|劏|閹|隊|做低|搞掂|收拾|教訓|郁手打|動手打)"

_VIOLENCE = _any(
    # English: threatened
    rf"\b(?:will|'ll|gonna|going to|would|'d|wants? to|wanna|about to|trying to|tries to|tried to|try to|might|could|may|threaten(?:s|ed|ing)?(?: to)?|planning to|promised to|swore (?:he|she)'?(?:d| would| will)|able to|coming to|come to|come and|comes? (?:here )?and|came to|is to|way to)"
    rf"(?: \w+){{0,2}}? {_DEED} (?:{_US}|both of us|us both|us all)\b(?! (?:back|the|a|an|in trouble|into trouble|help|out|know|fired|wrong|down if|some|off|up on|to (?:leave|quit|stop work)))",
    rf"\bto (?:kill|stab|rape|murder|strangle|shoot|beat) {_US}\b|\bburn[^.!?]{{0,20}}\b(?:flat|house|home|place|us) (?:down|alive)|\bwith (?:me|us) inside\b",
    r"\b(?:threats?|threaten\w*)[^.!?]{0,20}(?:to kill|of violence|violence|my life|to (?:rape|stab|beat|hurt|shoot|harm)|kill|acid|with (?:a )?(?:knife|gun|weapon))",
    r"\b(?:kill|hurt|rape|stab|beat|murder|find you and|shoot|chop|hunt) (?:you|u|ur (?:family|mum|mom|sister)|your (?:family|mum|mom|sister|dad|kids))\b",
    r"\b(?:scared|afraid|terrified|worried|fear|frightened)[^.!?]{0,25}(?:for my life|for my safety|(?:kill|hurt|beat|attack|rape|stab) (?:me|us)|he(?:'ll| will| might) (?:come|find me))",
    # English: happening
    rf"\b{_OTHERS}\b[^.!?]{{0,24}}? {_DOING} (?:at )?{_US}\b(?! (?:to (?:death )?(?:with|know)|on (?:ig|insta\w*|facebook|twitter|x|tiktok|social)|online|crazy|back on|with (?:messages|texts|calls)))",
    r"\b(?:being|getting|get|got|am|been|i'?m) (?:raped|beaten|beat up|attacked|assaulted|hit|stabbed|strangled|choked|chased|kidnapped|followed home|held (?:here|against|captive|hostage)|locked (?:in|up)|trafficked|forced to have sex|tortured|abused (?:right )?now)\b",
    rf"\b{_OTHERS}\b(?:'s| is| are| just| has| keeps| always| still| again| often| sometimes| regularly| even| also| just now| already| tonight)* (?:raped|hit|hits|beat|beats|kicks?|kicked|punche[sd]|slap(?:s|ped)|choke[sd]|strangle[sd]|attack(?:s|ed)|assault(?:s|ed)|hurts|stab(?:s|bed)|rapes|shove[sd]|pushes|drag(?:s|ged)|throws things at|grab(?:s|bed)|bit|bites|whips) {_US}\b",
    r"\b(?:hits|beats|hitting|beating|raping|strangling|choking|stabbing|punching|kicking) (?:me|us)\b(?! (?:up with|that|hard|to it))",
    r"\b(?:has|have|got|holding|hold|holds|carrying|with|brought|bringing|grabbed|pulled(?: out)?|waving|pointing|points|pointed|took|picked up|show(?:s|ed|ing)? me|sent me (?:a )?(?:photos?|pictures?|pics?) of) (?:a|the|his|her|their|an)? ?(?:big |kitchen |long )?(?:knife|knives|gun|weapon|machete|chopper|hammer|axe|acid|blade|bat|cleaver)\b",
    r"\b(?:outside|at|in front of|banging on|knocking on|kicking|breaking|broke(?:n)?|waiting (?:outside|at|in)|hanging around|standing (?:outside|at)|came to|climbing|trying to (?:get|break)) (?:down |into |in |through )?(?:of )?(?:my|the|our) (?:door|house|home|flat|building|block|place|window|apartment|room|lobby|front door)(?! (?:number|bell rang|mat))\b",
    r"\b(?:won'?t|will not|wont|doesn'?t|not|never|refuses? to|isn'?t) (?:let|letting) (?:me|us) (?:leave|go(?: out| home)?(?=[.,!? ]|$)|out|call|sleep)|\b(?:locked|locking|locks|trapped|trapping|tied|ties|tying|chained|kidnapped|drugged|held) (?:me|us)(?: up| in| down| inside| here)?\b|\b(?:i'?m|i am|we'?re) (?:trapped|locked|tied up|being held|kidnapped)",
    r"\b(?:i'?m|i am|we'?re|we are|am) (?:not safe|unsafe|in (?:immediate |real |serious |great )?danger|bleeding|hiding (?:from|in))|\b(?:my|our) (?:life|lives) (?:is|are) in danger|\bcall (?:the )?(?:police|999|cops|ambulance) (?:for me|now|please)|\bhelp me he'?s\b",
    r"\bfollow(?:s|ed|ing)? (?:me|us) (?:home|everywhere|around|to (?:work|school|my|the))|\bhe(?:'s| is) (?:here|home|back|coming|outside|downstairs|upstairs)(?: right)? now\b|\bforc(?:ed|es|ing) me (?:to (?:have sex|sleep with)|into sex)",
    # Chinese: threatened
    rf"(?:話|說|要|想|會|就|恐嚇|威脅|嚇|揚言|聲稱|打算|準備|話過|講過|讓|叫人|搵人|找人|派人|嚟|過嚟|返嚟|上嚟)[^,。!?]{{0,8}}?{_HANDS}(?:死|爆|殘|傷|咗|了|掉|鑊|一鑊|到|柒|冧|光|晒|番|返|我|斷|花|開|穿)*(?:咗|埋|鑊)?(?:我|我哋|我們|我屋企|我(?:家人|全家|一家|阿?媽|阿?爸|媽媽|爸爸|細佬|妹妹?|個?(?:仔|女|囡)|父母|屋企人|男朋友|女朋友|隻?[貓狗])|埋我)",
    r"(?:殺|斬|打|搞|攞|害|收|滅|燒|劏)(?:死|咗|晒|你)*(?:我)?(?:全家|成家|一家|屋企人|家人|家陣)(?!福)|(?:攞|拎|取|要)(?:走)?我(?:條|嘅)?(?:命|性命|狗命)|(?:攞|取)(?:走)?你(?:條|嘅)?(?:命|狗命)|(?:同我|一齊|攬住)(?:一齊)?(?:死|攬炒|同歸於盡)|同歸於盡|見(?:我)?一次打一次|(?:殺|斬|打|強姦|劈|捅|掐)(?:死|爆|殘|咗|到)*你(?!老味)(?=[^俾電字]|$)|(?:唔|不)會放過我(?:條命|同|,|。|!|$)|要我(?:好睇|死|陪葬|血債)|買兇|(?:搵|找|叫|派)(?:人|班友|啲人)(?:嚟|去|來)?(?:搞|打|做|教訓|收拾|郁|斬|強姦)我",
    # Chinese: happening
    rf"{_HANDS}(?:緊|住|到|完|咗|了|過|着|傷|死|爆|腫|親|晒|返|又|斷|流血)*(?:緊)?(?:我|我哋)(?!(?:電話|手機|嘅?(?:帳|賬|account|ig|fb|post|片|相|連結|link|名|title|tag|朋友圈|心)))(?<!推我)(?<!教訓我)(?<!撞我)(?<!踢我)(?<!扯我)(?<!攻擊我)",
    rf"{_THEY}[^,。!?]{{0,10}}?(?:踢|推|撞|扯|拖|毆打|動手|郁手|虐待|虐打|掟嘢|家暴)(?:緊|咗|親)?+我?+(?!出|入|嘅|的|去)",
    rf"(?:俾|畀|被|比|遭)(?:佢|他|她|人|前度|男友|老公|對方|爸爸|阿爸|繼父|{_THEY})?(?:咁)?(?:緊)?(?:打|毆打|強[姦奸]|強暴|性侵|侵犯|斬|捅|綁|困|鎖|禁錮|軟禁|跟蹤|虐|虐打|虐待|迷[姦奸]|落藥|下藥|箍頸|掐|非禮|襲擊|圍毆)(?!電話|字|開|擾|印|價|件|卡)(?:緊|咗|住|傷)?",
    r"(?:揸|攞|拎|拿|持|舉|帶|揮|用|有)(?:住|着|咗|緊|起|出)?(?:把|支|一把|張|咗把|住把)?(?:刀|菜刀|生果刀|槍|利刀|武器|鐵通|鎚|錘|斧頭|火水|天拿水|鏹水|腐蝕性液體|硫酸)(?!叉|具|削)(?!自己)|刀(?:架|指|對)(?:住|着)?我|掟(?:鏹水|腐液|汽油彈)|潑(?:鏹水|硫酸|油漆|紅油)|淋(?:紅油|油漆|鏹水|汽油|火水|電油|腐液)",
    rf"(?:{_THEY}[^,。!?]{{0,8}}|^|[,。!? ])(?:企|坐|等|守|嚟|去|走|又)*(?:喺|係|在|到|咗)+我?(?:屋企|家|公司|學校|宿舍)?(?:樓下|門口|門外|房門外?|樓梯|走廊)(?![^,。!?]{{0,3}}[偷影])",
    rf"{_THEY}[^,。!?]{{0,6}}(?:嚟|上|搵|走|闖|衝|入)(?:咗|到|緊|入)(?:嚟)?我(?:屋企|家|公司|學校|間房|宿舍)",
    r"(?:捉|拉|拖|扯|擄|迫|逼)我(?:上車|返(?:去|佢)|入房|去酒店|上床)|(?:揸|捏|箍|掐|扼|勒)(?:住|實|緊)?我?(?:條|個|嘅)?頸",
    r"(?:跟蹤|尾隨|跟住|追|捉住|捉實|按住|㩒住|撳住|綁住|綁起|鎖(?:住|起|咗|實)|困住|困咗|禁錮|軟禁|監禁|挾持|拐走|擄走|迷暈|落藥|下藥)(?:緊|住|咗)?(?:我|喺屋企|喺房|在房|喺屋入面)(?!嘅?(?:ig|fb|帳|賬|account|story|限時))|我(?:而家|宜家|已經)*(?:俾人|被)?(?:鎖|困|綁|禁錮|軟禁)(?:住|咗|喺|在|着)",
    r"(?:唔|不|冇|沒有?|又唔|都唔)(?:肯)?(?:俾|畀|比|讓|准|許|放)我(?:走|離開|出(?:門|去|街|房|返屋企)|返屋企|回家|瞓|打電話)|(?:撞|爆|踢|砸|踼|狂拍|拍緊|狂敲|打爛|闖入|衝入)(?:緊|開|爛|我)?(?:道|我|我屋企|屋企|大|房|個|嘅)*門|爆(?:入|格)(?:我)?屋企",
    r"我(?:而家|宜家|現在|依家|真係|好|覺得|好似)*(?:唔安全|不安全|有(?:生命)?危險|好危險|性命不保|匿(?:埋|喺|緊)|躲(?:在|喺|緊)|流緊血|流血|生命受(?:到)?威脅)|(?:怕|驚|擔心|恐怕)(?:佢|他|她|前度|對方|男友|老公|會)[^,。!?]{0,6}?(?:殺|斬|打我|傷害我|搞死|搵上門|上門|害死|對我不利|對我(?:做|郁手)|郁手)|救命|報(?:咗)?警(?:幫|救)我|生命(?:有|受到?)(?:危險|威脅)|人身安全",
    r"(?:上門|上嚟|過嚟|返嚟)(?:搵|找|捉|打|斬|殺|搞|收拾|同我死)我|(?:知道?|有|查到)我(?:住|屋企)(?:邊|喺邊|地址)[^。!?]{0,8}(?:會|話|要|嚟|搵)[^。!?]{0,6}(?:上門|搵我|搞我|殺|打|斬)",
)

# ------------------------------------------------------------------ what stands before it

_WINDOW = 48
"""Characters looked at before a sign."""

_NO = re.compile(
    r"(?:\b(?:not|never|isn'?t|wasn'?t|wouldn'?t|won'?t|no longer|don'?t|didn'?t|doesn'?t|haven'?t|hasn'?t|without|no(?: thoughts? of| plans? (?:of|to)| intention (?:of|to))?)"
    r"(?: (?:really|actually|currently|feeling|feel|going to|gonna|planning to|even|any|be|being|been|trying to|want(?:ed)? to|thinking (?:of|about)|think (?:of|about)|thoughts? (?:of|about)|have|having|to|mean|that|so|at all|ever|consider(?:ed|ing)?|a|with|commit(?:ting)?|like|touched|threatened|in|just)){0,4} ?$)"
    r"|(?:[唔不]|唔係|不是|並不|沒有?|冇|無|未|未曾|從來冇|從未|唔會|不會|絕對唔會|唔敢|唔打算|唔好|不要|(?<!係)咪)(?:真係|真的|話|想過?|諗過?|打算|係|會|要|過|去|有|真|話要|想到|試過)*$"
)
_YES_AFTER_ALL = re.compile(r"\b(?:sure|know|help|why|stop|only|if)\b|[唔不]知|[唔不]肯定")

_THIRD = re.compile(
    r"\b(?:he|she|they|friend|friends|sister|brother|cousin|aunt|uncle|mum|mom|dad|classmate|colleague|ex|bf|gf|boyfriend|girlfriend|husband|wife|partner|girl|boy|people|celebrity|character|neighbou?r|someone|somebody|movie|film|book|song)\b"
    r"|佢|他|她|朋友|同學|同事|家姐|阿?媽|阿?爸|阿姨|表[哥姐弟妹]|鄰居|人哋|有人|前度|男友|女友|老公|老婆|明星|電影|新聞|主角"
)
_FIRST = re.compile(r"\b(?:i|i'm|im|i'd|i'll|i've|me|my|myself|mine)\b|我|自己")
_ABOUT_SOMEBODY = re.compile(
    r"suicid|自[殺盡殘傷]|輕生|跳|燒炭|吊頸|上吊|割|overdos|self|jump|die|dying|dead|死|遺書|訣別|吞|服|食|想解脫|消失"
)

_LONG_AGO = re.compile(
    r"\b(?:\w+ )?(?:years?|months?|decades?) ago\b|\b(?:last (?:year|month|summer)|used to|back then|back in|in the past|when i was (?:a (?:kid|child)|little|young|\d+|in school)|as a child|in (?:19|20)\d\d|once upon|previously|formerly|childhood)\b"
    r"|(?:[\d幾一二兩三四五六七八九十多好]+)(?:年|個月|個幾月)(?:之)?前|以前|舊年|上年|去年|前年|細個|小時候|小學|中學嗰時|當年|嗰年|嗰陣時?|當時|那時|嗰時|從前|曾經|拍拖嗰陣"
)
_STILL = re.compile(
    r"\b(?:still|again|now|tonight|today|keeps?|yesterday|will|'ll|gonna|going to|just)\b|而家|宜家|依家|現在|今晚|今日|琴晚|尋日|琴日|又|仲|繼續|再|會|要|話"
)


def _before(text: str, found: re.Match[str]) -> str:
    """Return what stands just before a sign in the same sentence."""
    near = text[max(0, found.start() - _WINDOW) : found.start()]
    return re.split(r"[.!?。\n;]", near)[-1]


def _tells_of_self(text: str, found: re.Match[str]) -> bool:
    before = _before(text, found)
    if _NO.search(before) and not _YES_AFTER_ALL.search(before[-16:]):
        return False
    if _ABOUT_SOMEBODY.search(found.group()) and "my" not in found.group():
        # Whose wish it is, is whoever was named last: "he makes me want to die" is hers.
        third = [match.end() for match in _THIRD.finditer(before)]
        first = [match.end() for match in _FIRST.finditer(before + found.group())]
        if third and (not first or third[-1] > first[-1]):
            return False
    return True


def _tells_of_now(text: str, found: re.Match[str]) -> bool:
    before = _before(text, found)
    if _NO.search(before) and not _YES_AFTER_ALL.search(before[-16:]):
        return False
    after = re.split(r"[.!?。\n;]", text[found.end() : found.end() + _WINDOW])[0]
    sentence = before + found.group() + after
    return not (_LONG_AGO.search(sentence) and not _STILL.search(sentence))
