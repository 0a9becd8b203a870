"""cut_appended.py BASELINE PRESENT >RESULT: takes out of PRESENT what may be new in it.

Both are files of abidw. All structs of the C ABI begin with struct_size and are handed over by pointer only, so that they may
grow at their end, behind what the baseline knows of them. These fields are left out of the result, which abidiff then compares
with the baseline without any exception: its own suppression "has_data_member_inserted_at = end" also hides a member of
another type or size when nothing is inserted at all.
"""

import sys
import xml.etree.ElementTree as ElementTree


def tables(corpus):
    """The size-versioned structs, by name."""
    found = {}
    for struct in corpus.iter("class-decl"):
        member = struct.find("data-member/var-decl")
        if struct.get("name", "").startswith("runhook_") and member is not None and member.get("name") == "struct_size":
            found[struct.get("name")] = struct
    return found


def main(baseline_path, present_path):
    baseline = tables(ElementTree.parse(baseline_path))
    present = ElementTree.parse(present_path)
    for name, struct in tables(present).items():
        if name not in baseline:
            continue
        known = {member.find("var-decl").get("name") for member in baseline[name].findall("data-member")}
        size = int(baseline[name].get("size-in-bits"))
        for member in struct.findall("data-member"):
            # A field in the old padding is no growth: callers of both releases would give the same struct_size.
            if member.find("var-decl").get("name") not in known and int(member.get("layout-offset-in-bits")) >= size:
                struct.remove(member)
                struct.set("size-in-bits", str(size))
    present.write(sys.stdout, encoding="unicode")


main(*sys.argv[1:])
