fn main() {
    let setup = fapi_benches::Setup::new(1000);
    let server = setup.server();
    let client = setup.client(fapi_core::jose::Algorithm::Es256);
    let token = setup.token(&client);
    let calls: Vec<_> = (0..2000).map(|_| setup.call(&client, &token)).collect();
    for call in &calls { assert_eq!(call.send(&server), Ok(())); }
}
