"""A mail server for tests: aiosmtpd (Debian: python3-aiosmtpd), which keeps each mail it takes as a file.

    smtpd.py starttls|implicit|none CERT KEY DIR [USER PASSWORD]

Prints its port. What it answers is read from DIR at every command: answer.mail, answer.rcpt and answer.data hold the reply to
that command in place of 250; with poison, only mails that hold its text get the reply of answer.data.
"""
import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

mode, cert, key, folder = sys.argv[1:5]
account = sys.argv[5:7]


def told(name):
    try:
        with open(os.path.join(folder, name)) as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


class Mailbox:
    count = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses[:-1] + ["250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return told("answer.mail") or "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = told("answer.rcpt")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        answer, poison = told("answer.data"), told("poison")
        if answer and (poison is None or poison.encode() in envelope.content):
            return answer
        Mailbox.count += 1
        path = os.path.join(folder, "%06d.eml" % Mailbox.count)
        head = "Received-For: %s\r\nReceived-Over: %s\r\nReceived-By: %s\r\n" % (
            " ".join(envelope.rcpt_tos), "TLS" if session.ssl or mode == "implicit" else mode, session.authenticated)
        with open(path + ".new", "wb") as f:
            f.write(head.encode() + envelope.original_content)
        os.rename(path + ".new", path)
        return "250 2.0.0 OK"


def login(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == account)


async def serve():
    context = None
    if mode != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)

    def smtp():
        return SMTP(Mailbox(), hostname="mail.test", enable_SMTPUTF8=True,
                    tls_context=context if mode == "starttls" else None, require_starttls=mode == "starttls",
                    authenticator=login if account else None, auth_required=bool(account), auth_require_tls=mode == "starttls")

    server = await asyncio.get_running_loop().create_server(smtp, "127.0.0.1", 0, ssl=context if mode == "implicit" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
