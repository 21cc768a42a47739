"""A plan as a Mermaid flowchart."""

from __future__ import annotations

from dataclasses import dataclass, field

from workflows.engine.plan.model import NodeKind, Plan, PlanNode

SHAPES = {
    NodeKind.STEP: ("[", "]"),
    NodeKind.COMPENSATION: ("[", "]"),
    NodeKind.CHILD: ("[[", "]]"),
    NodeKind.APPROVAL: ("{{", "}}"),
    NodeKind.SLEEP: ("([", "])"),
    NodeKind.SIGNAL: ("([", "])"),
    NodeKind.CONTINUE: ("([", "])"),
    NodeKind.CHOICE: ("{", "}"),
    NodeKind.LOOP: ("{", "}"),
    NodeKind.PARALLEL: ("[/", "\\]"),
    NodeKind.FIRST: ("[/", "\\]"),
    NodeKind.MAP: ("[/", "\\]"),
}
EXITS = {"return": "done", "raise": "give up", "break": "leave the loop", "continue": "next round"}
ESCAPED = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}
JOINED = {NodeKind.PARALLEL: "all done", NodeKind.MAP: "all done", NodeKind.FIRST: "one done"}

Ends = list[tuple[str, str]]
"""Where the next node is linked from: an id, and the words on the link."""


def mermaid(plan: Plan) -> str:
    """The plan as the text of a flowchart."""
    chart = _Chart()
    start = chart.shape(("([", "])"), plan.title or plan.workflow)
    ends = chart.sequence(plan.nodes, [(start, "")])
    chart.link(ends, chart.shape(("([", "])"), "Done"))
    if plan.on_failure:
        failed = chart.shape(("([", "])"), "After a failure")
        chart.sequence(plan.on_failure, [(failed, "")])
    return "\n".join(["flowchart TD", *(f"  {line}" for line in chart.lines)]) + "\n"


def escaped(text: str) -> str:
    """Text that can stand between the quotes of a label."""
    return "".join(ESCAPED.get(char, char if char.isprintable() else " ") for char in text) or " "


@dataclass
class _Chart:
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def new_id(self) -> str:
        """An identifier that no other shape has."""
        self.count += 1
        return f"n{self.count}"

    def shape(self, brackets: tuple[str, str], text: str) -> str:
        """Draw one shape."""
        name = self.new_id()
        self.lines.append(f'{name}{brackets[0]}"{escaped(text)}"{brackets[1]}')
        return name

    def link(self, ends: Ends, to: str, *, dotted: bool = False) -> None:
        """Draw an arrow from every end."""
        arrow = "-.->" if dotted else "-->"
        for name, words in ends:
            self.lines.append(f'{name} {arrow}|"{escaped(words)}"| {to}' if words else f"{name} {arrow} {to}")

    def sequence(self, nodes: tuple[PlanNode, ...], ends: Ends) -> Ends:
        """Draw nodes one after the other."""
        for node in nodes:
            ends = self.node(node, ends)
        return ends

    def node(self, node: PlanNode, ends: Ends) -> Ends:
        """Draw one node after `ends`, and tell where the next one goes on."""
        match node.kind:
            case NodeKind.CHOICE:
                return self.choice(node, ends)
            case NodeKind.LOOP:
                return self.loop(node, ends)
            case NodeKind.PARALLEL | NodeKind.MAP | NodeKind.FIRST:
                return self.fork(node, ends)
            case NodeKind.FALLBACK:
                return self.fallback(node, ends)
            case NodeKind.SAGA | NodeKind.GROUP | NodeKind.BRANCH:
                return self.box(node, ends)
            case NodeKind.COMPENSATION:
                undo = self.shape(SHAPES[node.kind], f"Undo: {node.title}")
                self.link([(name, "undo") for name, _ in ends], undo, dotted=True)
                return ends
        name = self.shape(SHAPES.get(node.kind, ("[", "]")), node.title or node.name)
        self.link(ends, name)
        return [] if node.kind is NodeKind.CONTINUE else [(name, "")]

    def part(self, node: PlanNode, ends: Ends) -> Ends:
        """Draw an option or otherwise, and its exit when it leaves the block."""
        ends = self.sequence(node.children, ends)
        if not node.leaves or not ends:
            return ends
        self.link(ends, self.shape(("([", "])"), EXITS.get(node.leaves, node.leaves)))
        return []

    def choice(self, node: PlanNode, ends: Ends) -> Ends:
        """A diamond with one way for each option, and one past them."""
        name = self.shape(SHAPES[node.kind], node.title)
        self.link(ends, name)
        after: Ends = []
        for option in node.children:
            after += self.part(option, [(name, option.title)])
        last = node.children[-1] if node.children else None
        if last is None or (node.name != "which" and last.name != "else" and last.title != "case _"):
            after.append((name, "otherwise"))
        return after

    def loop(self, node: PlanNode, ends: Ends) -> Ends:
        """A diamond with a way back to it."""
        name = self.shape(SHAPES[node.kind], node.title)
        self.link(ends, name)
        back = self.sequence(node.children, [(name, "each round")]) if node.children else []
        self.link(back, name)
        return [(name, "after the last")]

    def fork(self, node: PlanNode, ends: Ends) -> Ends:
        """Ways that are all taken, and the place where they meet."""
        name = self.shape(SHAPES[node.kind], node.title)
        self.link(ends, name)
        if node.kind is NodeKind.MAP:
            after = self.sequence(node.children, [(name, "")])
        else:
            after = [end for child in node.children for end in self.node(child, [(name, "")])]
        meet = self.shape(("[\\", "/]"), JOINED[node.kind])
        self.link(after or [(name, "")], meet)
        return [(meet, "")]

    def fallback(self, node: PlanNode, ends: Ends) -> Ends:
        """The attempt in a box, with dotted ways to what is done otherwise."""
        after, source = ends, ends
        for part in node.children:
            if part.kind is NodeKind.ATTEMPT:
                frame, after = self.boxed("try", part.children, ends)
                source = [(frame, "")]
            elif part.kind is NodeKind.OTHERWISE:
                title = self.shape(("([", "])"), part.title)
                self.link(source, title, dotted=True)
                after = after + self.part(part, [(title, "")])
            else:
                after = self.sequence(part.children, after or source)
        return after

    def box(self, node: PlanNode, ends: Ends) -> Ends:
        """What belongs together, in a frame of its own."""
        if node.kind is NodeKind.BRANCH and len(node.children) == 1:
            return self.sequence(node.children, ends)
        return self.boxed(node.title, node.children, ends)[1]

    def boxed(self, title: str, nodes: tuple[PlanNode, ...], ends: Ends) -> tuple[str, Ends]:
        """Draw nodes in a frame; gives the frame's id too."""
        frame = self.new_id()
        self.lines.append(f'subgraph {frame}["{escaped(title)}"]')
        start = self.shape(("((", "))"), " ")
        after = self.sequence(nodes, [(start, "")])
        self.lines.append("end")
        self.link(ends, start)
        return frame, after
