--------------------------------- MODULE SVG ----------------------------------
(* Pictures as values, under the names that the TLA+ Community Modules made
   common. A file of this name beside a specification takes precedence.     *)
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE TLC

\* An element is a record, its attributes are a record of strings.
SVGElem(name, attrs, children, innerText) ==
    [name |-> name, attrs |-> attrs, children |-> children, innerText |-> innerText]
LOCAL With(given, attrs) == attrs @@ given
Line(x1, y1, x2, y2, attrs) ==
    SVGElem("line", With([x1 |-> ToString(x1), y1 |-> ToString(y1),
                          x2 |-> ToString(x2), y2 |-> ToString(y2)], attrs), <<>>, "")
Circle(cx, cy, r, attrs) ==
    SVGElem("circle", With([cx |-> ToString(cx), cy |-> ToString(cy), r |-> ToString(r)], attrs),
            <<>>, "")
Rect(x, y, w, h, attrs) ==
    SVGElem("rect", With([x |-> ToString(x), y |-> ToString(y),
                          width |-> ToString(w), height |-> ToString(h)], attrs), <<>>, "")
Text(x, y, text, attrs) ==
    SVGElem("text", With([x |-> ToString(x), y |-> ToString(y)], attrs), <<>>, text)
Image(x, y, width, height, href, attrs) ==
    SVGElem("image", With(("xlink:href" :> href) @@
                          [x |-> ToString(x), y |-> ToString(y), width |-> ToString(width),
                           height |-> ToString(height)], attrs), <<>>, "")
Group(children, attrs) == SVGElem("g", attrs, children, "")
Svg(children, attrs) == SVGElem("svg", attrs, children, "")
SVGDoc(children, x, y, w, h, attrs) ==
    Svg(children, With(("viewBox" :> ToString(x) \o " " \o ToString(y) \o " "
                                       \o ToString(w) \o " " \o ToString(h)), attrs))

LOCAL Attributes(attrs) ==
    LET RECURSIVE All(_)
        All(names) ==
            IF names = {} THEN ""
            ELSE LET n == CHOOSE n \in names : TRUE
                 IN " " \o n \o "='" \o attrs[n] \o "'" \o All(names \ {n})
    IN All(DOMAIN attrs)
RECURSIVE SVGElemToString(_)
SVGElemToString(elem) ==
    LET RECURSIVE All(_)
        All(s) == IF s = <<>> THEN "" ELSE SVGElemToString(Head(s)) \o All(Tail(s))
    IN "<" \o elem.name \o Attributes(elem.attrs) \o ">" \o elem.innerText
           \o All(elem.children) \o "</" \o elem.name \o ">"

\* A picture is a value here, and no file is written.
SVGSerialize(svg, prefix, number) == prefix \o ToString(number) \o ".svg"
===============================================================================
