"""The risk-coverage curve as a picture: how many questions may be answered at once, and what that costs in errors."""

from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 64, 24, 24, 56
_INK, _GRID, _CURVE = "#1b1f23", "#d0d7de", "#0a6e5c"


def as_svg(risk: Sequence[tuple[float, float]], bound: float) -> str:
    """An SVG of *risk*, pairs of the share answered and the share of those wrong; *bound* is drawn as a line."""
    highest = max([0.1, *(wrong for _, wrong in risk)])

    def across(share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(wrong: float) -> float:
        return HEIGHT - BOTTOM - wrong / highest * (HEIGHT - TOP - BOTTOM)

    drawn = [_line(across(0), down(wrong), across(1), down(wrong), _GRID) for wrong in _steps(highest)]
    drawn += [_text(LEFT - 8, down(wrong) + 4, f"{wrong:.0%}", "end") for wrong in _steps(highest)]
    drawn += [_text(across(share / 5), HEIGHT - BOTTOM + 20, f"{share / 5:.0%}", "middle") for share in range(6)]
    drawn.append(_line(across(0), down(bound), across(1), down(bound), _INK, dashed=True))
    drawn.append(_text(across(1), down(bound) - 6, f"at most {bound:.0%} wrong", "end"))
    points = " ".join(f"{across(share):.1f},{down(wrong):.1f}" for share, wrong in risk)
    drawn.append(f'<polyline points="{points}" fill="none" stroke="{_CURVE}" stroke-width="2.5"/>')
    drawn.append(_text(across(0.5), HEIGHT - 12, "share of questions answered at once, the surest first", "middle"))
    drawn.append(_text(LEFT - 48, TOP - 8, "share of those answers that are wrong", "start"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="Risk-coverage curve">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _steps(highest: float) -> list[float]:
    step = 0.02 if highest <= 0.1 else 0.05 if highest <= 0.3 else 0.1
    return [round(step * number, 2) for number in range(int(highest / step + 1e-9) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashes}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{_INK}" text-anchor="{anchor}">{text}</text>'
