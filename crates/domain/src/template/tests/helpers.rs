//! Each helper, whole.

use super::*;

#[test]
fn dates_and_moments_are_formatted() {
    check(&[
        ("{{format lead.move_date format=\"MM/DD/YYYY\"}}", "02/05/2024"),
        ("{{format lead.move_date \"Do [of] MMMM\"}}", "5th of February"),
        (
            "{{format lead.move_date \"YYYY-MM-DDTHH:mm:ssZ\" timezone=\"Asia/Tokyo\"}}",
            "2024-02-05T00:00:00+00:00",
        ),
        ("{{format lead.seen_at \"YYYY-MM-DD HH:mm z\"}}", "2024-02-05 14:07 CST"),
        ("{{format lead.seen_at \"YYYY-MM-DD HH:mm\" timezone=\"Asia/Tokyo\"}}", "2024-02-06 05:07"),
        ("{{format now format=\"X\"}} {{format now \"x\"}}", "1768478400 1768478400000"),
        ("{{format now \"YYYY-MM-DD\" operator=\"add\" days=\"30\"}}", "2026-02-14"),
        ("{{format now \"YYYY-MM-DD\" operator=\"subtract\" months=1 days=1}}", "2025-12-14"),
        ("{{format lead.move_date \"YYYY-MM-DD HH\" operator=\"add\" hours=lead.age}}", "2024-02-06 16"),
        ("{{format now \"YYYY\" operator=\"add\" years=lead.note}}", ""),
        ("{{format \"Jan 31, 2024\" \"YYYY-MM-DD\" operator=\"add\" months=1}}", "2024-02-29"),
        ("{{format lead.note \"YYYY\"}}", "id=77; ref=x9"),
        ("{{format lead.blank \"YYYY\"}}{{format check.none \"YYYY\"}}", ""),
    ]);
}

#[test]
fn numbers_and_digits_are_formatted() {
    check(&[
        ("{{format lead.price \"$0,0.00\"}}", "$12.50"),
        ("{{format \"1234.5\" format=\"0,0.00\"}}", "1,234.50"),
        ("{{format 0.125 \"0.0%\"}}", "12.5%"),
        ("{{format check.score \"0\"}}", "7"),
        ("{{format lead.note \"0\"}}", "id=77; ref=x9"),
        ("{{format lead.phone_1 format=\"(###) ###-####\"}}", "(512) 555-0143"),
        ("{{format lead.phone_1 \"+1 ###.###.####\"}}", "+1 512.555.0143"),
        ("{{format lead.age \"###\"}}", "40"),
    ]);
}

#[test]
fn faults_of_formats_are_told() {
    check(&[
        (
            "{{format lead.note lead.note}}",
            "column 20 of the template: format of format must be a text in quotes, the same for every lead",
        ),
        (
            "{{format lead.note \"-\"}}",
            "column 20 of the template: format of format cannot be \"-\"; write dates like MM/DD/YYYY, numbers like \
             0,0.00, digits like (###) ###-####",
        ),
        (
            "{{format now \"X\" timezone=\"America/Chicgo\"}}",
            "column 18 of the template: there is no time zone \"America/Chicgo\"; write it like America/Chicago or \
             UTC; did you mean America/Chicago?",
        ),
        (
            "{{format now \"X\" operator=\"plus\" days=1}}",
            "column 18 of the template: operator of format cannot be \"plus\"; it is add or subtract",
        ),
        (
            "{{format now \"X\" days=1}}",
            "column 3 of the template: format needs operator=, add or subtract, as in {{format now \
             format=\"MM/DD/YYYY\" operator=\"add\" days=3}}",
        ),
        (
            "{{format now \"X\" operator=\"add\" days=1.5}}",
            "column 33 of the template: days of format cannot be \"1.5\"; it is a whole number",
        ),
        (
            "{{format lead.price \"0\" timezone=\"UTC\"}}",
            "column 25 of the template: timezone= cannot be used here; it goes with the format of a date, like MM/DD/YYYY",
        ),
        (
            "{{format lead.state \"0.00\"}}",
            "column 10 of the template: format shows a number by zeros, and lead.state has the type state",
        ),
        (
            "{{format lead.is_owner \"##\"}}",
            "column 10 of the template: format puts digits into a mask, and lead.is_owner has the type boolean",
        ),
    ]);
}

#[test]
fn letters_change_their_case() {
    check(&[
        ("{{uppercase lead.first_name}}{{lowercase lead.state}}", "ANNtx"),
        ("{{uppercase \"straße\"}}", "STRASSE"),
        ("{{capitalize \"ann-marie o'neil van HALEN\"}}", "Ann-Marie O'neil Van HALEN"),
        ("[{{trim \"  a b \"}}]", "[a b]"),
        ("{{uppercase (substring (trim \" abc \") 1 2)}}", "AB"),
    ]);
}

#[test]
fn texts_are_replaced() {
    check(&[
        ("{{replace \"512-555-0143\" pattern=\"-\" replace=\"\"}}", "5125550143"),
        ("{{replace \"a.b.c\" \".\" \"$1\"}}", "a$1b$1c"),
        ("{{replace \"a1b22\" pattern=\"regexp(\\d+)\" replace=\"<$&>\"}}", "a<1>b<22>"),
        ("{{replace \"a1b22\" pattern=\"regexp([a-z](\\\\d))\" replace=\"$1x$$\"}}", "1x$2x$2"),
        ("{{replace \"AbaB\" pattern=\"regexp(/B/gi)\" replace=\"-\"}}", "A-a-"),
        ("{{replace \"abc\" pattern=\"regexp(x*)\" replace=\"-\"}}", "-a-b-c-"),
        ("{{replace \"abc\" \"b\" lead.age}}", "a40c"),
        ("{{replace check.none \"b\" \"x\"}}", ""),
        (
            "{{replace \"abc\" pattern=\"\" replace=\"x\"}}",
            "column 17 of the template: the pattern \"\" cannot be used: it is empty, and would be found everywhere",
        ),
        (
            "{{replace \"abc\" pattern=lead.note replace=\"x\"}}",
            "column 17 of the template: pattern of replace must be a text in quotes, the same for every lead",
        ),
        (
            "{{replace \"abc\" pattern=\"regexp(a\" replace=\"x\"}}",
            "column 17 of the template: the pattern \"regexp(a\" cannot be used: regexp( has no ) at the end",
        ),
        (
            "{{replace \"abc\" pattern=\"regexp(/a/q)\" replace=\"x\"}}",
            "column 17 of the template: the pattern \"/a/q\" cannot be used: behind its last slash stands \"q\", and flags \
             are i, m and s; write \\/ for each slash that is meant as one",
        ),
        (
            "{{replace \"abc\" pattern=\"regexp(()\" replace=\"x\"}}",
            "column 17 of the template: the pattern \"(\" cannot be used: unclosed group",
        ),
        (
            "{{replace \"abc\" pattern=\"regexp((?=b))\" replace=\"x\"}}",
            "column 17 of the template: the pattern \"(?=b)\" cannot be used: look-around, including look-ahead and \
             look-behind, is not supported, which linear time rules out",
        ),
        (
            "{{extract \"abc\" \"((a{1,1000}){1,1000})\"}}",
            "column 17 of the template: the pattern \"((a{1,1000}){1,1000})\" cannot be used: it grows too large; ask \
             for fewer repetitions",
        ),
        (
            "{{replace \"abc\" \"b\"}}",
            "column 3 of the template: replace needs replace=, what stands in its place, as in {{replace lead.phone_1 \
             pattern=\"-\" replace=\"\"}}",
        ),
    ]);
}

#[test]
fn parts_of_texts_are_taken() {
    check(&[
        ("{{substring \"78701-1234\" start=1 end=5}}", "78701"),
        ("{{substring \"78701-1234\" 7}}", "1234"),
        ("{{substring \"žluť\" 2 3}}", "lu"),
        ("{{substring \"abc\" 2 1}}{{substring \"abc\" 9}}", ""),
        ("{{substring \"abc\" end=2}}", "ab"),
        ("{{substring \"abc\" start=lead.note}}", ""),
        (
            "{{substring \"abc\" 0}}",
            "column 19 of the template: start of substring cannot be \"0\"; it is a whole number, 1 for the first character",
        ),
        ("{{extract lead.note pattern=\"id=(\\\\d+)\"}}", "77"),
        ("{{extract lead.note \"ref=(\\w+)\"}}{{extract lead.note \"(zzz)\"}}", "x9"),
        ("{{extract lead.note \"regexp(/REF=(.)/i)\"}}", "x"),
        (
            "{{extract lead.note \"id\"}}",
            "column 21 of the template: the pattern \"id\" cannot be used: it has no group; put ( and ) around what is \
             to be taken",
        ),
    ]);
}

#[test]
fn digests_are_those_of_the_standards() {
    check(&[
        ("{{md5 \"abc\"}}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{sha1 \"abc\"}}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("{{sha256 \"abc\"}}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "{{sha384 \"abc\"}}",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            "{{sha512 \"abc\"}}",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        ("{{md5 \"a\" \"b\" salt=\"c\"}}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{md5 (lowercase \"ABC\")}}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{md5 check.none salt=\"c\"}}", ""),
    ]);
}

#[test]
fn lists_are_cut_and_put_together() {
    check(&[
        ("{{split \"a,b,c\"}}", "a,b,c"),
        ("{{split \"a; b\" separator=\"; \" index=1}}", "b"),
        ("{{split \"a; b\" separator=\"; \" index=7}}", ""),
        (
            "{{join lead.tags}} {{join check.tags \"/\"}} {{join (split \"a;b\" \";\") \"+\"}}",
            "a, b a/true a+b",
        ),
        ("{{join check.score}}", "7.25"),
        ("{{default lead.blank check.none \"none\"}} {{default lead.age 1}}", "none 40"),
        (
            "{{split lead.tags}}",
            "column 9 of the template: split cuts a text into a list, and lead.tags has the type list",
        ),
        (
            "{{join lead.state}}",
            "column 8 of the template: join puts the items of a list together, and lead.state has the type state",
        ),
        (
            "{{default lead.blank}}",
            "column 3 of the template: default needs a value and what stands in for it, as in {{default lead.city \
             \"unknown\"}}",
        ),
        (
            "{{split \"a\" separator=\"\"}}",
            "column 13 of the template: separator of split cannot be \"\"; it is what stands between items",
        ),
    ]);
}
