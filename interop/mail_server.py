"""A mail server of the package aiosmtpd: takes mail of whoever knows the password, and prints each message,
as the standard library reads it, as a line of JSON."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

SECURITY, CERTIFICATE, KEY, USER, PASSWORD = sys.argv[1:6]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return "550 5.1.1 No such user"
        if address.startswith("busy@"):
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        bodies = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        tell(
            {
                "mail_from": envelope.mail_from,
                "rcpt_tos": envelope.rcpt_tos,
                "encrypted": session.ssl is not None or SECURITY == "tls",
                "headers": {name.lower(): value for name, value in message.items()},
                "bodies": bodies,
                "defects": [str(defect) for part in message.walk() for defect in part.defects],
                "ascii": envelope.content.isascii(),
            }
        )
        return "250 2.0.0 Ok: queued as 7"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def tell(what):
    print(json.dumps(what), flush=True)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if SECURITY != "plain":
        context.load_cert_chain(CERTIFICATE, KEY)

    def session():
        if SECURITY == "plain":
            return SMTP(Handler(), hostname="mail.example.com")
        return SMTP(
            Handler(),
            hostname="mail.example.com",
            tls_context=context if SECURITY == "starttls" else None,
            require_starttls=SECURITY == "starttls",
            auth_require_tls=SECURITY == "starttls",
            auth_required=True,
            authenticator=authenticate,
        )

    implicit = context if SECURITY == "tls" else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=implicit)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
