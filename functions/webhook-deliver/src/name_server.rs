//! A name server that answers what a test says, and the question to it: UDP messages as in RFC 1035.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::net::UdpSocket;

const A: u16 = 1;
const AAAA: u16 = 28;
/// The length of the header of a message.
const HEADER: usize = 12;

/// A running server. Each question for IPv4 addresses takes the next of its answers; the last one stays.
pub struct NameServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<usize>>,
}

impl NameServer {
    pub async fn start(answers: &[&[&str]]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let parse = |answer: &&[&str]| answer.iter().map(|it| it.parse().unwrap()).collect();
        let mut answers: VecDeque<Vec<IpAddr>> = answers.iter().map(parse).collect();
        let asked = Arc::new(Mutex::new(0));
        let (address, count) = (socket.local_addr().unwrap(), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut question = [0; 512];
            let mut current = Vec::new();
            while let Ok((length, client)) = socket.recv_from(&mut question).await {
                let kind = u16::from_be_bytes([question[length - 4], question[length - 3]]);
                if kind == A {
                    *count.lock().unwrap() += 1;
                    let next = answers.front().cloned().unwrap_or_default();
                    current = next;
                    if answers.len() > 1 {
                        answers.pop_front();
                    }
                }
                let reply = reply(&question[..length], kind, &current);
                socket.send_to(&reply, client).await.unwrap();
            }
        });
        Self { address, asked }
    }

    /// Returns how often the addresses of a name were asked for.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

/// Answers a question with the addresses of its kind, valid for 0 seconds.
fn reply(question: &[u8], kind: u16, addresses: &[IpAddr]) -> Vec<u8> {
    let records: Vec<Vec<u8>> = addresses
        .iter()
        .filter_map(|address| match (kind, address) {
            (A, IpAddr::V4(address)) => Some(address.octets().to_vec()),
            (AAAA, IpAddr::V6(address)) => Some(address.octets().to_vec()),
            _ => None,
        })
        .collect();
    let mut reply = question.to_vec();
    // A response without an error, with one question and these answers.
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[7] = u8::try_from(records.len()).unwrap();
    for data in records {
        // The name of the question, the class IN, and no time to live.
        reply.extend([0xc0, u8::try_from(HEADER).unwrap()]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 0, 0, u8::try_from(data.len()).unwrap()]);
        reply.extend(data);
    }
    reply
}

/// Asks a server for the IPv4 and the IPv6 addresses of a name, as a system's resolver does.
pub async fn ask(server: SocketAddr, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(server).await?;
    let mut found = Vec::new();
    for kind in [A, AAAA] {
        let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in host.split('.') {
            question.push(u8::try_from(label.len()).unwrap());
            question.extend(label.as_bytes());
        }
        question.push(0);
        question.extend(kind.to_be_bytes());
        question.extend([0, 1]);
        socket.send(&question).await?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await?;
        let size = if kind == A { 4 } else { 16 };
        // Each record has 12 bytes before its address.
        for record in answer[question.len()..length].chunks_exact(12 + size) {
            let address = match <[u8; 4]>::try_from(&record[12..]) {
                Ok(octets) => IpAddr::from(octets),
                Err(_) => IpAddr::from(<[u8; 16]>::try_from(&record[12..]).unwrap()),
            };
            found.push(SocketAddr::new(address, port));
        }
    }
    Ok(found)
}
