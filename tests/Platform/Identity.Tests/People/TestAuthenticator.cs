using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Strata.Identity.Tests.People;

/// <summary>A device with one passkey (WebAuthn, ES256, no attestation), which can be made to do what real ones do not.</summary>
internal sealed class TestAuthenticator : IDisposable
{
    private const byte UserPresent = 1;
    private const byte UserVerified = 4;
    private const byte HasKey = 0x40;

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] id = RandomNumberGenerator.GetBytes(32);

    /// <summary>Whether it asks for a PIN or a finger.</summary>
    public bool Verifies { get; set; } = true;

    /// <summary>Of the last signature.</summary>
    public uint Counter { get; set; }

    /// <summary>Of what it says that it signs for.</summary>
    public string Origin { get; set; } = "http://localhost";

    public string RelyingParty { get; set; } = "localhost";

    /// <summary>Whose passkey it is, as it was made.</summary>
    public byte[] User { get; set; } = [];

    /// <param name="options">Of the page.</param>
    /// <returns>What the page's script sends.</returns>
    public string Create(JsonElement options)
    {
        User = Base64Url.DecodeFromChars(options.GetProperty("user").GetProperty("id").GetString());
        var data = new List<byte>(Head(UserPresent | HasKey | (Verifies ? UserVerified : 0)));
        data.AddRange(new byte[16]);
        data.AddRange([0, (byte)id.Length, .. id, .. PublicKey()]);
        var cbor = new CborWriter();
        cbor.WriteStartMap(3);
        cbor.WriteTextString("fmt");
        cbor.WriteTextString("none");
        cbor.WriteTextString("attStmt");
        cbor.WriteStartMap(0);
        cbor.WriteEndMap();
        cbor.WriteTextString("authData");
        cbor.WriteByteString([.. data]);
        cbor.WriteEndMap();
        return Sent(new
        {
            clientDataJSON = Text(ClientData("webauthn.create", options)), attestationObject = Text(cbor.Encode()),
            transports = new[] { "usb", "smart-card" },
        });
    }

    /// <inheritdoc cref="Create"/>
    public string Sign(JsonElement options)
    {
        Counter++;
        var data = Head(UserPresent | (Verifies ? UserVerified : 0));
        var client = ClientData("webauthn.get", options);
        var signature = key.SignData(
            [.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Sent(new
        {
            clientDataJSON = Text(client), authenticatorData = Text(data), signature = Text(signature), userHandle = Text(User),
        });
    }

    public void Dispose() => key.Dispose();

    private byte[] Head(int flags)
    {
        var head = new byte[37];
        SHA256.HashData(Encoding.UTF8.GetBytes(RelyingParty)).CopyTo(head, 0);
        head[32] = (byte)flags;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(33), Counter);
        return head;
    }

    private byte[] ClientData(string type, JsonElement options) => JsonSerializer.SerializeToUtf8Bytes(
        new { type, challenge = options.GetProperty("challenge").GetString(), origin = Origin, crossOrigin = false });

    /// <summary>As a COSE key.</summary>
    private byte[] PublicKey()
    {
        var point = key.ExportParameters(false).Q;
        var cbor = new CborWriter();
        cbor.WriteStartMap(5);
        foreach (var (label, value) in new[] { (1, 2), (3, -7), (-1, 1) })
        {
            cbor.WriteInt32(label);
            cbor.WriteInt32(value);
        }
        cbor.WriteInt32(-2);
        cbor.WriteByteString(point.X!);
        cbor.WriteInt32(-3);
        cbor.WriteByteString(point.Y!);
        cbor.WriteEndMap();
        return cbor.Encode();
    }

    private string Sent(object response) =>
        JsonSerializer.Serialize(new { id = Text(id), rawId = Text(id), type = "public-key", response });

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
