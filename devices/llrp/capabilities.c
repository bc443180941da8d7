/* What a reader says of itself.
 *
 *     GeneralDeviceCapabilities 137   antennas u16, flags u16, manufacturer u32, model u32, firmware, tables
 *     LLRPCapabilities 142            survey, fill warning, client's op specs, state-aware, holding: a bit each, the highest first
 *     RegulatoryCapabilities 143      country u16, standard u16
 *       UHFBandCapabilities 144
 *         TransmitPowerLevelTableEntry 145    index u16, hundredths of a dBm s16: numbers differ by model and region
 *         FrequencyInformation 146            hopping: the first bit
 *           FrequencyHopTable 147               id u8, ... */
#include <limits.h>

#include "llrp/llrp.h"

enum { WARNS_OF_FILL = 0x40, HOLDS = 0x08, HOPPING = 0x80, CONNECTED = 0x80 };

/* The entry nearest to the power wanted that is not above it. */
static void take_power(struct gl_cursor c, int wanted, int *best, struct gl_llrp_reader *ret) {
    uint16_t index = gl_get_u16(&c);
    int power = (int16_t)gl_get_u16(&c);
    if (c.failed) return;
    if (power < ret->power_lowest) ret->power_lowest = power;
    if (power > wanted || (ret->power_known && power <= *best)) return;
    ret->power_known = true;
    ret->power_index = index;
    *best = power;
}

/* A reader that hops is told its first hop table; one that does not, its first frequency. */
static void take_frequencies(struct gl_cursor c, struct gl_llrp_reader *ret) {
    struct gl_llrp_param table;
    bool hopping = gl_get_u8(&c) & HOPPING;
    ret->hop_table = 0;
    ret->channel = hopping ? 0 : 1;
    if (hopping && gl_llrp_find(c, GL_LLRP_FREQUENCY_HOP_TABLE, &table)) ret->hop_table = gl_get_u8(&table.value);
}

static void take_regulatory(struct gl_cursor c, int power_dbm, struct gl_llrp_reader *ret) {
    struct gl_llrp_param band, p;
    int best = 0;
    gl_get_u32(&c); /* country, standard */
    if (!gl_llrp_find(c, GL_LLRP_UHF_BAND_CAPABILITIES, &band)) return;
    while (gl_llrp_next(&band.value, &p) > 0) {
        if (p.type == GL_LLRP_TRANSMIT_POWER_LEVEL_TABLE_ENTRY && power_dbm != GL_LLRP_NO_POWER)
            take_power(p.value, 100 * power_dbm, &best, ret);
        else if (p.type == GL_LLRP_FREQUENCY_INFORMATION)
            take_frequencies(p.value, ret);
    }
}

void gl_llrp_capabilities(struct gl_cursor body, int power_dbm, struct gl_llrp_reader *ret) {
    struct gl_llrp_param p;
    *ret = (struct gl_llrp_reader){.holds = true, .warns_of_fill = true, .power_lowest = INT_MAX};
    while (gl_llrp_next(&body, &p) > 0) {
        if (p.type == GL_LLRP_GENERAL_DEVICE_CAPABILITIES) {
            gl_get_u32(&p.value); /* antennas, flags */
            ret->vendor = gl_get_u32(&p.value);
        } else if (p.type == GL_LLRP_LLRP_CAPABILITIES) {
            uint8_t flags = gl_get_u8(&p.value);
            if (p.value.failed) continue;
            ret->holds = flags & HOLDS;
            ret->warns_of_fill = flags & WARNS_OF_FILL;
        } else if (p.type == GL_LLRP_REGULATORY_CAPABILITIES) {
            take_regulatory(p.value, power_dbm, ret);
        }
    }
}

void gl_llrp_antennas(struct gl_cursor body, uint32_t *ret_connected, uint32_t *ret_disconnected) {
    struct gl_llrp_param p;
    uint32_t connected = 0, disconnected = 0;
    while (gl_llrp_next(&body, &p) > 0) {
        if (p.type != GL_LLRP_ANTENNA_PROPERTIES) continue;
        bool is = gl_get_u8(&p.value) & CONNECTED;
        uint16_t antenna = gl_get_u16(&p.value);
        if (p.value.failed || antenna < 1 || antenna > GL_LLRP_ANTENNAS_MAX) continue;
        *(is ? &connected : &disconnected) |= UINT32_C(1) << (antenna - 1);
    }
    *ret_connected = connected;
    *ret_disconnected = disconnected;
}
