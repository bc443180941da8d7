/* The camera's own country numbers, as they stand in <country> and <CRIndex>, and the ISO 3166 code of each. Holes are reserved
 * numbers; 0, 253, 254 and 255 mean "unsupported", "invalid", "unrecognised" and "all", and so no country. Turkey has two. */
#include <string.h>

#include "isapi/values.h"

static const char table[][3] = {
    [1] = "CZ",   [2] = "FR",   [3] = "DE",   [4] = "ES",   [5] = "IT",   [6] = "NL",   [7] = "PL",   [8] = "SK",   [9] = "BY",
    [10] = "MD",  [11] = "RU",  [12] = "UA",  [13] = "BE",  [14] = "BG",  [15] = "DK",  [16] = "FI",  [17] = "GB",  [18] = "GR",
    [19] = "HR",  [20] = "HU",  [21] = "IL",  [22] = "LU",  [23] = "MK",  [24] = "NO",  [25] = "PT",  [26] = "RO",  [27] = "RS",
    [28] = "AZ",  [29] = "GE",  [30] = "KZ",  [31] = "LT",  [32] = "TM",  [33] = "UZ",  [34] = "LV",  [35] = "EE",  [36] = "AL",
    [37] = "AT",  [38] = "BA",  [39] = "IE",  [40] = "IS",  [41] = "VA",  [42] = "MT",  [43] = "SE",  [44] = "CH",  [45] = "CY",
    [46] = "TR",  [47] = "SI",  [48] = "ME",  [49] = "XK",  [50] = "AD",  [51] = "AM",  [52] = "MC",  [53] = "LI",  [54] = "SM",
    [59] = "CN",  [60] = "BH",  [61] = "KR",  [62] = "LB",  [63] = "NP",  [64] = "TH",  [65] = "PK",  [66] = "AE",  [67] = "BT",
    [68] = "OM",  [69] = "KP",  [70] = "PH",  [71] = "KH",  [72] = "QA",  [73] = "KG",  [74] = "MV",  [75] = "MY",  [76] = "MN",
    [77] = "SA",  [78] = "BN",  [79] = "LA",  [80] = "JP",  [81] = "TR",  [82] = "PS",  [83] = "TJ",  [84] = "KW",  [85] = "SY",
    [86] = "IN",  [87] = "ID",  [88] = "AF",  [89] = "LK",  [90] = "IQ",  [91] = "VN",  [92] = "IR",  [93] = "YE",  [94] = "JO",
    [95] = "MM",  [97] = "BD",  [98] = "SG",  [99] = "TL",  [104] = "EG", [105] = "LY", [106] = "SD", [107] = "TN", [108] = "DZ",
    [109] = "MA", [110] = "ET", [111] = "ER", [112] = "SO", [113] = "DJ", [114] = "KE", [115] = "TZ", [116] = "UG", [117] = "RW",
    [118] = "BI", [119] = "SC", [120] = "TD", [121] = "CF", [122] = "CM", [123] = "GQ", [124] = "GA", [125] = "CG", [126] = "CD",
    [127] = "ST", [128] = "MR", [129] = "EH", [130] = "SN", [131] = "GM", [132] = "ML", [133] = "BF", [134] = "GN", [135] = "GW",
    [136] = "CV", [137] = "SL", [138] = "LR", [139] = "CI", [140] = "GH", [141] = "TG", [142] = "BJ", [143] = "NE", [144] = "ZM",
    [145] = "AO", [146] = "ZW", [147] = "MW", [148] = "MZ", [149] = "BW", [150] = "NA", [151] = "ZA", [152] = "SZ", [153] = "LS",
    [154] = "MG", [155] = "KM", [156] = "MU", [157] = "NG", [158] = "SS", [169] = "CA", [172] = "US", [174] = "MX", [210] = "CO",
    [211] = "VE", [215] = "EC", [216] = "PE", [217] = "BO", [218] = "PY", [219] = "CL", [220] = "BR", [221] = "UY", [222] = "AR",
    [227] = "AU", [228] = "NZ", [256] = "TW", [257] = "HK", [258] = "MO",
};

const char *gl_isapi_country(int64_t code) {
    return code >= 0 && code < (int64_t)GL_COUNT(table) ? table[code] : "";
}

int gl_isapi_country_code(const char *iso) {
    for (size_t i = 0; iso[0] && i < GL_COUNT(table); i++)
        if (strcmp(table[i], iso) == 0) return (int)i;
    return 0;
}
