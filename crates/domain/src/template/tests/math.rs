//! Expressions.

use super::*;

fn reckoned(cases: &[(&str, &str)]) {
    for (expression, wanted) in cases {
        assert_eq!(told(&format!("{{{{math \"{expression}\"}}}}")), *wanted, "{expression}");
    }
}

#[test]
fn operators_bind_as_people_expect() {
    reckoned(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 2 - 3", "5"),
        ("7 % 4 * 2", "6"),
        ("-2 ^ 2", "-4"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ^ -1", "0.5"),
        ("+3 - -3", "6"),
        (".5 + 1. + 1e3", "1001.5"),
        ("1 < 2 ? 10 : 20", "10"),
        ("1 > 2 ? 10 : 3 >= 3 ? 30 : 40", "30"),
        ("1 == 1 && 2 != 3 ? 1 : 0", "1"),
        ("0 || 5", "5"),
        ("!0 ? 1 : 2", "1"),
        ("1 === 1.0 ? 1 : 2", "1"),
        ("2 !== 2 ? 1 : 2", "2"),
        ("lead.state == 'TX' ? 7 : 8", "7"),
        ("lead.is_owner ? 7 : 8", "8"),
    ]);
}

#[test]
fn decimals_stay_exact() {
    reckoned(&[
        ("0.1 + 0.2", "0.3"),
        ("1.005 * 100", "100.5"),
        ("lead.price * 1.2", "15"),
        ("check.score * 4", "29"),
        ("1 / 3", "0.333333333333333"),
        ("round(1.005, 2)", "1.01"),
        ("round(1234, -2)", "1200"),
        ("123456789012345 * 1000", "123456789012345000"),
    ]);
}

#[test]
fn functions_take_values_and_lists() {
    reckoned(&[
        ("abs(-3)", "3"),
        ("ceil(1.2) + floor(1.8)", "3"),
        ("round(2.5) + round(-2.5)", "0"),
        ("sqrt(9)", "3"),
        ("min(3, 1, 2)", "1"),
        ("max([3, 7], 2)", "7"),
        ("Max(lead.age, lead.price)", "40"),
        ("rand() < 1 && rand() >= 0 ? 1 : 0", "1"),
        ("rand() == rand() ? 1 : 0", "0"),
    ]);
    assert_eq!(told("{{math \"rand()\"}}"), told("{{math \"rand()\"}}"));
}

#[test]
fn what_is_no_finite_number_is_nothing() {
    reckoned(&[
        ("1 / 0", ""),
        ("0 % 0", ""),
        ("sqrt(-1)", ""),
        ("9^9^9^9", ""),
        ("check.none + 1", ""),
        ("lead.state * 2", ""),
        ("1 < 2", ""),
        ("[1, 2]", ""),
        ("null", ""),
        ("lead.tags + 1", ""),
        ("10 ^ 400", ""),
        ("10 ^ -399", "0"),
    ]);
}

#[test]
fn faults_of_expressions_are_told() {
    check(&[
        (
            "{{math \"1 +\"}}",
            "column 12 of the template: in the expression of math, it ends where a number, a name or ( is expected",
        ),
        (
            "{{math \"1 2\"}}",
            "column 11 of the template: in the expression of math, \"2\" stands where an operator is expected",
        ),
        (
            "{{math \"(1\"}}",
            "column 11 of the template: in the expression of math, it ends where ) is expected",
        ),
        (
            "{{math \"xyz(1)\"}}",
            "column 9 of the template: in the expression of math, there is no function \"xyz\"",
        ),
        (
            "{{math \"flor(1)\"}}",
            "column 9 of the template: in the expression of math, there is no function \"flor\"; did you mean floor?",
        ),
        (
            "{{math \"abs(1, 2)\"}}",
            "column 9 of the template: in the expression of math, abs takes one value",
        ),
        (
            "{{math \"1 ? 2\"}}",
            "column 14 of the template: in the expression of math, it ends where the : of ?: is expected",
        ),
        (
            "{{math \"lead.ag + 1\"}}",
            "column 9 of the template: it names lead.ag, which is not a field of the flow",
        ),
        (
            "{{math \"lead.email\"}}",
            "column 9 of the template: math reckons with numbers, and lead.email has the type email",
        ),
        (
            "{{math lead.note}}",
            "column 8 of the template: the expression of math must be a text in quotes, the same for every lead",
        ),
        (
            "{{math \"1234567890.1234567\"}}",
            "column 9 of the template: in the expression of math, \"1234567890.1234567\" is not a decimal number of at \
             most 15 significant digits",
        ),
        (
            "{{math \"1\" dataType=\"Date\"}}",
            "column 12 of the template: dataType of math cannot be \"Date\"; it is String or Number",
        ),
    ]);
}
