use super::Link;

#[test]
fn a_link_has_a_name_an_address_and_a_server() {
    let link: Link = "kafka=0.0.0.0:9092=kafka.one:9092".parse().unwrap();
    assert_eq!(link.name, "kafka");
    assert_eq!(link.listen, "0.0.0.0:9092".parse().unwrap());
    assert_eq!(link.upstream, "kafka.one:9092");
}

#[test]
fn what_is_no_link_is_refused_with_a_reason() {
    for (text, reason) in [
        ("", "no name"),
        ("kafka", "no address to listen at"),
        ("kafka=9092=kafka:9092", "not an address such as 127.0.0.1:9092"),
        ("kafka=0.0.0.0:9092", "no server to forward to"),
        ("kafka=0.0.0.0:9092=kafka", "a server has a port: HOST:PORT"),
        ("all=0.0.0.0:9092=kafka:9092", "all stands for every link"),
        ("a/b=0.0.0.0:9092=kafka:9092", "a name is of letters, digits and -"),
    ] {
        let error = text.parse::<Link>().unwrap_err();
        assert_eq!(error.to_string(), reason, "{text}");
    }
}
