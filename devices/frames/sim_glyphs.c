/* Letters and digits as strokes: pairs of digits are points, x 0..4 and y 0..6 downwards; a space lifts the pen. Our own, plain on purpose. */
#include <math.h>
#include <string.h>

#include "frames/sim_scene.h"

static const struct {
    char letter;
    const char *strokes;
} glyphs[] = {
    {'A', "062046 1535"},
    {'B', "0006 0030414233 0333444536 0006 0636"},
    {'C', "41301001051636 3645"},
    {'D', "00062636 364541300000"},
    {'E', "40000646 0333"},
    {'F', "400006 0333"},
    {'G', "413010010516364543 4323"},
    {'H', "0006 4046 0343"},
    {'I', "2026"},
    {'J', "4045361605"},
    {'K', "0006 4003 1346"},
    {'L', "000646"},
    {'M', "0600234046"},
    {'N', "06004640"},
    {'O', "103041453616050110"},
    {'P', "06003041423303"},
    {'Q', "103041453616050110 2446"},
    {'R', "06003041423303 2346"},
    {'S', "413010010213334445361605"},
    {'T', "0040 2026"},
    {'U', "000516364540"},
    {'V', "002640"},
    {'W', "0016233640"},
    {'X', "0046 4006"},
    {'Y', "002340 2326"},
    {'Z', "00400646"},
    {'0', "103041453616050110"},
    {'1', "112026"},
    {'2', "01103041420646"},
    {'3', "0110304142331333444536 361605"},
    {'4', "36300444"},
    {'5', "400002324345361605"},
    {'6', "30110305163645443313 1304"},
    {'7', "004016"},
    {'8', "103041423313020110 1304051636454433"},
    {'9', "16354341301001021333 3342"},
};

static double to_segment(double x, double y, double ax, double ay, double bx, double by) {
    double dx = bx - ax, dy = by - ay, len = dx * dx + dy * dy;
    double t = len > 0 ? ((x - ax) * dx + (y - ay) * dy) / len : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(x - ax - t * dx, y - ay - t * dy);
}

static double to_strokes(const char *s, double x, double y) {
    double least = 99;
    for (; s[0] && s[1]; s += s[0] == ' ' ? 1 : 2) {
        if (s[0] == ' ' || s[2] == ' ' || s[2] == '\0') continue;
        least = fmin(least, to_segment(x, y, s[0] - '0', s[1] - '0', s[2] - '0', s[3] - '0'));
    }
    return least;
}

double sim_glyph_distance(char letter, double x, double y) {
    for (size_t i = 0; i < GL_COUNT(glyphs); i++)
        if (glyphs[i].letter == letter) return to_strokes(glyphs[i].strokes, x, y);
    return 99;
}
