"""Currencies: which of ISO 4217 this CRM can count in. Amounts are whole cents, so a currency must have two decimals."""

_CODES_BY_DECIMALS = {
    "two": """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
        CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
        KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
        PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
        TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    "none": "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    "three": "BHD IQD JOD KWD LYD OMR TND",
    "four": "CLF UYW",
}
_DECIMALS = {code: decimals for decimals, codes in _CODES_BY_DECIMALS.items() for code in codes.split()}


def problem_of(code: str) -> str | None:
    """Return why the CRM cannot count in this currency, or None if it can."""
    decimals = _DECIMALS.get(code)
    if decimals is None:
        return f"must be a code of ISO 4217 in capital letters, such as EUR, not {code!r}"
    if decimals != "two":
        return f"must be a currency with two decimals, because amounts are kept in hundredths: {code} has {decimals}"
    return None
